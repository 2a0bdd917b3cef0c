import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { commandLine, recordedHere, type Start, shellWord, starterOf } from "./shell.ts";

it.each(["runs/a-1", "my photos", "it's", "betas=[0.9,0.95]", "~", "", "$HOME", "a\nb"])(
  "a shell reads %j as it was meant",
  (text) => {
    expect(execFileSync("sh", ["-c", `printf %s ${shellWord(text)}`], { encoding: "utf8" })).toBe(text);
  },
);

it("leaves plain words as they are", () => {
  expect(shellWord("runs/simclr-small_1")).toBe("runs/simclr-small_1");
});

describe("what starts the program again", () => {
  const root = temporaryFolder();
  afterAll(() => root[Symbol.dispose]());
  const at = (...names: string[]) => join(root.path, ...names);
  const own = at("clone", "packages", "unlabel", "bin", "unlabel.mjs");
  const local = at("clone", "node_modules", ".bin", "unlabel");
  const global = at("usr", "bin", "unlabel");
  const cached = at("npx", "node_modules", ".bin", "unlabel");
  const script = at("server.mjs");
  beforeAll(() => {
    for (const file of [own, script, at("other", "bin", "unlabel")]) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, "");
    }
    for (const link of [local, global, cached]) {
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(own, link);
    }
    mkdirSync(at("clone", "docs"), { recursive: true });
    mkdirSync(at("home"));
  });
  const started = (start: Partial<Start>) => starterOf({ program: own, env: {}, cwd: at("home"), own, ...start });
  const clone = at("clone");
  const npm = { npm_command: "run", npm_lifecycle_event: "demo", npm_config_user_agent: "npm/10.8.2 node/v20" };

  it.each<[string, Partial<Start>, string]>([
    ["npm run demo in a clone", { cwd: clone, env: { ...npm, INIT_CWD: clone } }, "npx unlabel"],
    ["its path in a clone", { cwd: clone }, "npx unlabel"],
    ["npx in a clone", { program: local, cwd: clone, env: { npm_command: "exec" } }, "npx unlabel"],
    ["npx below a clone's root", { program: local, cwd: at("clone", "docs") }, "npx unlabel"],
    ["a project's own link", { program: local, cwd: clone }, "npx unlabel"],
    ["npx out of its cache", { program: cached, env: { npm_command: "exec", INIT_CWD: at("home") } }, "npx unlabel"],
    ["pnpm in a project", { cwd: clone, env: { npm_config_user_agent: "pnpm/9" } }, "pnpm exec unlabel"],
    ["yarn in a project", { cwd: clone, env: { npm_config_user_agent: "yarn/4" } }, "yarn unlabel"],
    ["an installed command", { program: global, env: { PATH: `/nowhere:${at("usr", "bin")}` } }, "unlabel"],
    [
      "an installed command, below another of that name",
      { program: global, env: { PATH: `${at("other", "bin")}:${at("usr", "bin")}` } },
      global,
    ],
    ["its path from elsewhere", {}, `node ${own}`],
    ["a link from elsewhere", { program: local }, local],
    [
      "npm run demo below a clone's root",
      { cwd: clone, env: { ...npm, INIT_CWD: at("clone", "docs") } },
      `cd ${clone} && npx unlabel`,
    ],
    ["a program that imports the package", { program: script, cwd: clone, env: npm }, "unlabel"],
    ["no program", { program: undefined, cwd: clone }, "unlabel"],
    ["a program that is gone", { program: at("gone.mjs") }, "unlabel"],
  ])("is right for %s", (_, start, words) => {
    expect(started(start)).toBe(words);
  });
});

it("gives recorded commands the name that starts the program here, and changes nothing else of them", () => {
  expect(recordedHere("unlabel pretrain unlabel --out unlabel\nunlabel\nunlabelled x")).toBe(
    `${commandLine("pretrain unlabel --out unlabel")}\n${commandLine()}\nunlabelled x`,
  );
});
