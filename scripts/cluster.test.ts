// The scripts of examples/cluster that run here.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "unlabel-cluster-"));
afterAll(() => rmSync(folder, { recursive: true }));

function program(name: string, body: string): void {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/bash\n${body}\n`);
  chmodSync(path, 0o755);
}

it.each([
  ["three GPUs", "echo GPU 0; echo GPU 1; echo GPU 2", 3],
  ["no GPU", "exit 127", 2],
  ["a driver that does not answer", "echo failed >&2; exit 9", 2],
  ["a driver that says so on stdout", "echo No devices were found; exit 6", 2],
])("launch.sh begins a process for each GPU, or two: %s", (_, smi, processes) => {
  program("nvidia-smi", smi);
  program("unlabel", 'echo "$@"');
  const script = join(import.meta.dirname, "..", "examples", "cluster", "launch.sh");
  const { status, stdout, stderr } = spawnSync("bash", [script, "photos", "runs/a"], {
    env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` },
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toBe(
    `launch --nproc ${processes} pretrain photos --method simclr --global-batch 512 --out runs/a --resume=auto\n`,
  );
});
