// That described images wait for memory, each in turn, and give it back whatever becomes of them.
import { expect, it } from "vitest";
import { makeTiff } from "../../testing/tiff.ts";
import { PHOTOGRAPHS } from "../input.ts";
import { DECODE_BYTES, reserve, withinBudget } from "./budget.ts";
import { decodeDescribed } from "./described.ts";

const file = makeTiff({ width: 2, height: 1, bands: 3, data: Uint8Array.of(1, 2, 3, 4, 5, 6), photometric: 2 });
const image = { file, input: PHOTOGRAPHS, tile: null };

it("waits where memory is taken, and is decoded once it is free", async () => {
  const events: string[] = [];
  let finish = () => {};
  const large = withinBudget(
    DECODE_BYTES,
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  const small = decodeDescribed(image, async ({ data }) => void events.push(`decoded ${data.length}`));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(events).toEqual([]);
  finish();
  await Promise.all([large, small]);
  expect(events).toEqual(["decoded 6"]);
});

it("gives it back where decoding or its use fails", async () => {
  const damaged = { ...image, file: file.subarray(0, 20) };
  for (let i = 0; i < 3; i++) {
    await expect(decodeDescribed(image, () => Promise.reject(new Error("no use")))).rejects.toThrow("no use");
    await expect(decodeDescribed(damaged, async () => {})).rejects.toThrow(/cut off/);
  }
  const release = reserve(DECODE_BYTES);
  expect(release).not.toBeNull();
  expect(reserve(1)).toBeNull();
  release!();
});

it("a thousand files at once are read with few open", async () => {
  const read = Array.from({ length: 1000 }, () =>
    decodeDescribed({ ...image, file: new URL(import.meta.url).pathname }, async () => {}).catch(
      (error: Error) => error.message,
    ),
  );
  expect(new Set(await Promise.all(read))).toEqual(new Set([expect.stringMatching(/^not an image that can be read/)]));
});
