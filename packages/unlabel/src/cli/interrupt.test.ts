// Ctrl-C in evaluation, as a shell sends it: one line, an object with --json, exit code 130, nothing half-written.

import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { untrainedMethod } from "../eval/baselines.ts";
import { resolveConfig } from "../methods/registry.ts";
import { temporaryFolder } from "../testing/data.ts";
import { SIDE, writeCheckpoint, writeLabelled } from "../testing/labelled.ts";

const BIN = join(import.meta.dirname, "..", "..", "bin", "unlabel.mjs");
const root = temporaryFolder();
afterAll(() => root[Symbol.dispose]());

let [data, run] = ["", ""];
beforeAll(async () => {
  const config = resolveConfig({
    flags: { method: "simclr", encoder: "vit_tiny", patch: 8, size: SIDE, batch: 8, device: "cpu" },
  });
  data = await writeLabelled(join(root.path, "data"), { train: 3, val: 2 }, "labelled");
  const method = untrainedMethod(config);
  run = await writeCheckpoint(join(root.path, "run"), method, config);
  method.dispose();
});

/** Interrupts a command when that text stands on stderr. */
function interrupted(args: string[], at: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [BIN, ...args]);
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (piece) => {
      stdout += piece;
    });
    child.stderr.on("data", (piece) => {
      stderr += piece;
      if (stderr.includes(at)) child.kill("SIGINT");
    });
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

it.each([
  [["probe", "--epochs", "100000"], "linear probe on"],
  [["evaluate", "--protocols", "fine-tune", "--epochs", "100000"], "fine-tune"],
])("unlabel %j", async ([command, ...flags], at) => {
  // In the middle of fitting, in which the event loop does not turn for minutes.
  const { code, stdout, stderr } = await interrupted([command!, run, "--data", data, "--json", ...flags], at);
  expect(code).toBe(130);
  expect(stdout).toBe('{"interrupted":true}\n');
  expect(stderr).toMatch(/\nInterrupted; the same command begins again\n$/);
  expect(stderr).not.toMatch(/^error|\n\s+at /m);
  expect(existsSync(join(run, "eval"))).toBe(false);
  expect(readdirSync(run).sort()).toEqual(["checkpoints", "metrics.jsonl", "run.json"]);
});
