import { distributed } from "@unlabel/torch";
import { expect, it } from "vitest";
import { alike, UserError } from "../base/errors.ts";
import { ALONE } from "../train/ranks.ts";
import { ownWords, workAlone } from "./rank-output.ts";

const second = { ...ALONE, rank: 1, worldSize: 3 };
const lost = (...ranks: number[]) =>
  new UserError("they are lost", { cause: new distributed.RankError("they are lost", ranks) });

it("says what this rank alone knows, with its number", () => {
  expect(ownWords(second, new UserError("no room"), 1, "no room")).toBe("error: rank 1: no room");
  expect(ownWords(second, new TypeError("a defect"), 1, "a defect")).toBe("error: rank 1: a defect");
});

it("leaves to rank 0 what all ranks know", () => {
  expect(ownWords(second, new UserError("a wrong flag"), 2, "a wrong flag")).toBeNull();
  expect(ownWords(second, alike(new UserError("no folder")), 1, "no folder")).toBeNull();
  expect(ownWords(second, new UserError("interrupted"), 130, "interrupted")).toBeNull();
  expect(ownWords(second, lost(2), 1, "they are lost")).toBeNull();
});

it("says who is lost where rank 0 cannot", () => {
  expect(ownWords(second, lost(0), 1, "they are lost")).toBe("error: they are lost");
  expect(ownWords({ ...second, rank: 2 }, lost(0), 1, "they are lost")).toBeNull();
  expect(ownWords({ ...second, rank: 2 }, lost(0, 1), 1, "they are lost")).toBe("error: they are lost");
});

it("forgets what a launcher has said where one process does the work", () => {
  const env = { RANK: "1", WORLD_SIZE: "2", SLURM_STEP_ID: "0", LOCAL_RANK: "1", MASTER_ADDR: "n", HOME: "/root" };
  workAlone(env);
  expect(env).toEqual({ MASTER_ADDR: "n", HOME: "/root" });
});
