import { expect, it } from "vitest";
import { Recent } from "./recent.ts";

/** Values that are dropped are told by name. */
function recent(most: number) {
  const dropped: string[] = [];
  const values = new Recent<Promise<string>>(most, (one) => void one.then((name) => dropped.push(name)));
  return { dropped, values };
}

const make = (name: string) => async () => name;
const turn = () => new Promise((resolve) => setImmediate(resolve));

it("keeps those asked for last, and drops the others", async () => {
  const { values, dropped } = recent(2);
  for (const name of ["a", "b", "a", "c"]) await values.of(name, make(name));
  await turn();
  expect(dropped).toEqual(["b"]);
  expect([values.get("a"), values.get("b")].map((one) => one !== undefined)).toEqual([true, false]);
  values.forget("a");
  await turn();
  expect(dropped).toEqual(["b", "a"]);
});

it("drops what is in use once it no longer is, and what failed never", async () => {
  const { values, dropped } = recent(1);
  const done: (() => void)[] = [];
  const long = (name: string) =>
    values.use(name, make(name), async (value) => {
      await new Promise<void>((resolve) => done.push(resolve));
      return value;
    });
  const first = [long("a"), long("a")];
  await turn();
  await values.use("b", make("b"), async () => {});
  await turn();
  expect(dropped).toEqual([]);
  done[0]!();
  await first[0];
  await turn();
  expect(dropped).toEqual([]);
  done[1]!();
  expect(await Promise.all(first)).toEqual(["a", "a"]);
  await turn();
  expect(dropped).toEqual(["a"]);
  await expect(
    values.use(
      "c",
      () => Promise.reject(new Error("no")),
      async () => {},
    ),
  ).rejects.toThrow("no");
  expect(values.get("c")).toBeUndefined();
  values.clear();
  await turn();
  expect(dropped).toEqual(["a", "b"]);
});
