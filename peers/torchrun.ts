// PyTorch's own launcher, from its package, starts unlabel as it starts any program: with the store served by its agent and by rank 0, and
// anew after a rank was killed.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Python } from "./environment.ts";

const BIN = join(import.meta.dirname, "..", "packages", "unlabel", "bin", "unlabel.mjs");
const STEPS = 12;
/** Least agreement of the losses of two ranks with those of one process, in float32. */
const APART = 1e-4;

/** A line for each thing that is not as it should be. @param data a folder of images */
export async function startedByTorchrun(root: string, data: string, python: Python): Promise<string[]> {
  // A ViT, since a ResNet's batch normalisation makes of rounding in the first step a thousandth by the tenth, in one process too.
  const settings = `--method simclr --preset small --encoder vit_tiny --size 32 --steps ${STEPS} --lr 0.05 --precision fp32 --threads 1 --device cpu`;
  const own = [
    ...settings.split(" "),
    "--set",
    "online=false",
    "--set",
    "health_every=0",
    "--set",
    "checkpoint_every_epochs=1",
    "--set",
    "optimizer=sgd",
    "--set",
    "patch=8",
  ];
  const pretrain = (out: string, batch: number, ...more: string[]) => [
    ...[process.execPath, BIN, "pretrain", data, ...own, "--batch", String(batch), "--out", join(root, out), ...more],
  ];
  const problems: string[] = [];
  const alone = await ended(start(pretrain("one", 8), python.env));
  if (alone.code !== 0) return [`one process: exit ${alone.code}: ${alone.said}`];
  const ways: [string, string[]][] = [
    ["torchrun", []],
    ["torchrun --standalone", ["--standalone"]],
  ];
  for (const [name, flags] of ways) {
    const out = name.replace(/\W+/g, "-");
    const found = await ended(start(torchrun(python, flags, pretrain(out, 4)), python.env));
    if (found.code !== 0) problems.push(`${name}: exit ${found.code}: ${found.said}`);
    else problems.push(...apart(name, join(root, out), join(root, "one")));
  }
  problems.push(...(await afterKill(root, python, pretrain("killed", 4, "--resume=auto"))));
  return problems;
}

function torchrun({ program }: Python, flags: string[], command: string[]): string[] {
  const port = 20_000 + (process.pid % 10_000);
  const where = flags.length > 0 ? flags : ["--master-port", String(port)];
  return [program, "-m", "torch.distributed.run", "--no-python", "--nproc-per-node", "2", ...where, ...command];
}

/** Kills a rank after some steps; the agent starts both anew. */
async function afterKill(root: string, python: Python, command: string[]): Promise<string[]> {
  const agent = start(torchrun(python, ["--max-restarts", "1", "--standalone"], command), python.env);
  const out = join(root, "killed");
  let over = false;
  const end = ended(agent).finally(() => (over = true));
  while (!over && lossesOf(out).length < 4) await setTimeout(50);
  const victim = rankOf(agent, 1);
  if (victim === null) return [`torchrun with a kill: no rank 1 to kill: ${(await end).said}`];
  process.kill(victim, "SIGKILL");
  const { code, said } = await end;
  if (code !== 0) return [`torchrun --max-restarts 1 after a kill: exit ${code}: ${said}`];
  return apart("torchrun --max-restarts 1 after a kill", out, join(root, "one"));
}

/** The process of a rank among an agent's children. */
function rankOf({ pid }: ChildProcess, rank: number): number | null {
  const children = readText(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return children.find((child) => readText(`/proc/${child}/environ`).includes(`\0RANK=${rank}\0`)) ?? null;
}

function apart(name: string, run: string, alone: string): string[] {
  const [mine, theirs] = [lossesOf(run), lossesOf(alone)];
  if (mine.length !== theirs.length) return [`${name}: ${mine.length} steps, ${theirs.length} in one process`];
  const most = Math.max(...mine.slice(0, 10).map((loss, i) => Math.abs(loss - theirs[i]!)));
  return most <= APART ? [] : [`${name}: losses ${most} apart from one process's, ${APART} allowed`];
}

function lossesOf(run: string): number[] {
  const file = join(run, "metrics.jsonl");
  if (!existsSync(file)) return [];
  const lines = readText(file).split("\n").slice(0, -1);
  return lines.map((line) => Number((JSON.parse(line) as Record<string, unknown>)["train/loss"]));
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function start([program = "", ...args]: string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(program, args, { env, stdio: ["ignore", "ignore", "pipe"] });
}

function ended(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  let said = "";
  child.stderr!.on("data", (piece) => {
    said = (said + String(piece)).slice(-2000);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, said: said.trim().split("\n").slice(-5).join(" | ") }));
  });
}
