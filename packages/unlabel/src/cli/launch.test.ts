import { expect, it } from "vitest";
import { cutLaunch } from "./launch.ts";

it.each([
  [["pretrain", "launch"], null],
  [["--json", "evaluate", "runs/launch"], null],
  [["--version"], null],
  [["launch"], { own: ["launch"], command: [] }],
  [["launch", "--nproc", "2", "--help"], { own: ["launch", "--nproc", "2", "--help"], command: [] }],
  [
    ["launch", "--nproc", "2", "pretrain", "data", "--lr", "1", "--help"],
    { own: ["launch", "--nproc", "2"], command: ["pretrain", "data", "--lr", "1", "--help"] },
  ],
  [
    ["--json", "launch", "--nproc=2", "--show-ranks", "--timeout", "9s", "evaluate", "run"],
    { own: ["--json", "launch", "--nproc=2", "--show-ranks", "--timeout", "9s"], command: ["evaluate", "run"] },
  ],
  [
    ["--plugin", "launch", "launch", "--plugin", "mine.mjs", "compare"],
    { own: ["--plugin", "launch", "launch", "--plugin", "mine.mjs"], command: ["compare"] },
  ],
])("cuts %j", (args, expected) => {
  expect(cutLaunch(args)).toEqual(expected);
});
