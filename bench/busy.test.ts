import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { multiples, rowNames } from "./busy.ts";
import { openQuota } from "./quota.ts";

it("has six rows", () => {
  expect(rowNames()).toEqual([
    "simclr resnet18 64, beside 1 neighbour",
    "simclr resnet18 64, beside 2 neighbours",
    "simclr resnet18 64, under a quota of 1.5 cores",
    "mae small 64, beside 1 neighbour",
    "mae small 64, beside 2 neighbours",
    "mae small 64, under a quota of 1.5 cores",
  ]);
});

describe("a side", () => {
  it("answers with multiples of its own quiet step, every second time the other way round", async () => {
    const asked: string[] = [];
    const taken = { quiet: [0.2, 0.4], one: [0.3, 0.4], two: [0.4, 1.2], quota: [] as number[] };
    const side = multiples("ours", ["one", "two"], async (place) => {
      asked.push(place);
      return taken[place].shift()!;
    });
    expect((await side.run()).json).toEqual({ quiet: 1, one: 0.3 / 0.2, two: 2 });
    expect((await side.run()).json).toEqual({ quiet: 1, one: 1, two: 1.2 / 0.4 });
    expect(asked).toEqual(["quiet", "one", "two", "two", "one", "quiet"]);
    expect(side.seconds).toEqual({ quiet: [0.2, 0.4], one: [0.3, 0.4], two: [0.4, 1.2], quota: [] });
  });
});

it("says why there is no quota, or starts programs in one", () => {
  const quota = openQuota(1.5);
  if (typeof quota === "string") {
    expect(quota).toMatch(/^not run: no control group could be made \(.+\)$/);
    return;
  }
  using _quota = quota;
  const [file = "", ...rest] = [...quota.before, "cat", "/proc/self/cgroup"];
  const groups = execFileSync(file, rest, { encoding: "utf8" });
  expect(groups).toMatch(/unlabel-bench-\d+|run-.*\.scope/);
});
