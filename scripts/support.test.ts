// What is not supported is refused in one line wherever a person begins: the command line, a clone's set-up, the set-up of
// the installed package. `npm run test:nodes` adds programs of old Nodes, as paths in UNLABEL_TEST_OLD_NODES.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { OLDEST_NODE } from "../packages/torch/setup/index.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BIN = join(ROOT, "packages/unlabel/bin/unlabel.mjs");
const SETUP = join(ROOT, "scripts/setup.mjs");
const WINDOWS = "Expected Linux or macOS, got Windows; run this inside WSL2";
const OLD = "Expected Node 20.19 or newer, got ";

/** Runs a Node to its end. */
function run(args: string[], node = process.execPath): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(node, args, { env: { ...process.env, NODE_OPTIONS: undefined } }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, stdout, stderr }),
    );
  });
}

/** Node's arguments that make it take itself for another machine's, before anything of ours is read. */
const as = (property: "platform" | "versions", value: string) => [
  "--import",
  `data:text/javascript,Object.defineProperty(process,"${property}",{value:${value}})`,
];
const windows = as("platform", '"win32"');
const old = as("versions", '{...process.versions,node:"18.20.8"}');

async function expectRefusal(command: Promise<{ code: number; stdout: string; stderr: string }>, message: string) {
  const { code, stdout, stderr } = await command;
  expect(stderr).toMatch(/^[^\n]+\n$/);
  expect(stderr.replace(/^error: /, "").startsWith(message), stderr).toBe(true);
  expect(code).toBe(1);
  return stdout;
}

describe.each([
  ["Windows", windows, WINDOWS],
  ["an old Node", old, `${OLD}18.20.8;`],
])("on %s", (_, machine, message) => {
  it("the command line refuses", async () => {
    expect(await expectRefusal(run([...machine, BIN, "doctor"]), message)).toBe("");
    const stdout = await expectRefusal(run([...machine, BIN, "doctor", "--json"]), message);
    expect(JSON.parse(stdout).error).toContain(message);
  });

  it("a clone's set-up refuses", async () => {
    expect(await expectRefusal(run([...machine, SETUP]), message)).toBe("");
  });

  it("the package's set-up refuses", async () => {
    const code = `import { exitWith, setup } from ${JSON.stringify(join(ROOT, "packages/torch/setup/index.mjs"))};
      await exitWith(() => setup());`;
    expect(await expectRefusal(run([...machine, "--input-type=module", "-e", code]), message)).toBe("");
  });
});

it("a supported machine is not refused", async () => {
  expect(await run([BIN, "--version"])).toMatchObject({ code: 0, stderr: "" });
});

it("a command that comes to no end is no success", async () => {
  const never = `data:text/javascript,import { Command } from "commander"; Command.prototype.parseAsync = () => new Promise(() => {})`;
  const commander = import.meta.resolve("commander");
  const { code, stderr } = await run(["--import", never.replace("commander", commander), BIN, "doctor"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: Expected the command to come to its end.*\n$/);
});

it("every package asks npm for the same Node", () => {
  for (const folder of [".", "packages/torch", "packages/unlabel"]) {
    const { engines } = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
    expect(engines.node).toBe(`>=${OLDEST_NODE}`);
  }
});

for (const node of (process.env.UNLABEL_TEST_OLD_NODES ?? "").split(delimiter).filter(Boolean))
  it(`${node} is refused`, async () => {
    const { stdout } = await run(["-p", "process.versions.node"], node);
    for (const args of [[BIN, "doctor"], [BIN, "doctor", "--json"], [SETUP]])
      await expectRefusal(run(args, node), `${OLD}${stdout.trim()};`);
  });
