import { expect, it } from "vitest";
import { ALONE, firstPlace, localBatch } from "./ranks.ts";
import { ranksFromEnv } from "./ranks-env.ts";

it("is the only process where nothing is set", () => {
  expect(ranksFromEnv({})).toEqual(ALONE);
  expect(ranksFromEnv({ RANK: "0", WORLD_SIZE: "1" })).toEqual(ALONE);
});

it("is what torchrun's variables say", () => {
  const shared = { WORLD_SIZE: "4", LOCAL_WORLD_SIZE: "2", MASTER_ADDR: "10.0.0.1", MASTER_PORT: "29501" };
  const env = { ...shared, RANK: "3", LOCAL_RANK: "1", TORCHELASTIC_RESTART_COUNT: "2" };
  const place = { rank: 3, worldSize: 4, localRank: 1, localWorldSize: 2, masterAddr: "10.0.0.1", masterPort: 29501 };
  expect(ranksFromEnv(env)).toEqual({ ...place, store: "client", timeout: 300, attempt: 2 });
  expect(ranksFromEnv({ ...env, RANK: "0" }).store).toBe("serve");
  // Its agent serves the store.
  expect(ranksFromEnv({ ...env, RANK: "0", TORCHELASTIC_USE_AGENT_STORE: "True" }).store).toBe("client");
});

it.each([
  [{ WORLD_SIZE: "2" }, "Expected MASTER_ADDR for 2 ranks, got nothing"],
  [{ RANK: "1" }, "Expected RANK below WORLD_SIZE, got 1 and 1"],
  [{ WORLD_SIZE: "0" }, "Expected RANK below WORLD_SIZE, got 0 and 0"],
  [{ WORLD_SIZE: "two" }, 'Expected a whole number for WORLD_SIZE, got "two"'],
])("refuses %o", (env, message) => {
  expect(() => ranksFromEnv(env)).toThrow(message);
});

it("has the places in the global batch that the ranks before it leave", () => {
  expect([0, 1, 3].map((rank) => firstPlace({ rank, worldSize: 4 }, 128))).toEqual([0, 32, 96]);
});

it("refuses a batch that ranks cannot share evenly, with sizes that they can", () => {
  expect(localBatch({ worldSize: 3 }, 96)).toBe(32);
  expect(() => localBatch({ worldSize: 3 }, 64)).toThrow(/3 ranks can share evenly, got 64; .*global_batch=63 or 66/);
  expect(() => localBatch({ worldSize: 4 }, 2)).toThrow(/global_batch=4$/);
});
