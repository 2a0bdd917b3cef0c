import { expect, it } from "vitest";
import { firstPlace, ranksFromEnv } from "./ranks.ts";

it("is the only process where nothing is set", () => {
  expect(ranksFromEnv({})).toEqual({ rank: 0, world: 1 });
  expect(ranksFromEnv({ RANK: "0", WORLD_SIZE: "1" })).toEqual({ rank: 0, world: 1 });
});

it.each([
  [{ WORLD_SIZE: "2" }, "Expected WORLD_SIZE 1, got 2"],
  [{ RANK: "1" }, "Expected RANK below WORLD_SIZE, got 1 and 1"],
  [{ WORLD_SIZE: "0" }, "Expected RANK below WORLD_SIZE, got 0 and 0"],
  [{ WORLD_SIZE: "two" }, 'Expected a whole number for WORLD_SIZE, got "two"'],
])("refuses %o", (env, message) => {
  expect(() => ranksFromEnv(env)).toThrow(message);
});

it("has the places in the global batch that the ranks before it leave", () => {
  expect([0, 1, 3].map((rank) => firstPlace({ rank, world: 4 }, 32))).toEqual([0, 32, 96]);
});
