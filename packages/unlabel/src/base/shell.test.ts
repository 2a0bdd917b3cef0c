import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { shellWord } from "./shell.ts";

it.each(["runs/a-1", "my photos", "it's", "betas=[0.9,0.95]", "~", "", "$HOME", "a\nb"])(
  "a shell reads %j as it was meant",
  (text) => {
    expect(execFileSync("sh", ["-c", `printf %s ${shellWord(text)}`], { encoding: "utf8" })).toBe(text);
  },
);

it("leaves plain words as they are", () => {
  expect(shellWord("runs/simclr-small_1")).toBe("runs/simclr-small_1");
});
