// What every case starts from: a folder of small images, tiny settings of both methods, and runs that nothing disturbed.
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeImages } from "./images.ts";
import { expect, lastLine, Program, run, succeeded } from "./program.ts";

export const METHODS = ["mae", "simclr"] as const;
export type Method = (typeof METHODS)[number];

export const STEPS = 40;
/** 80 images in batches of 8: a checkpoint every 10 steps. */
export const EPOCH = 10;

const COMMON = `--size 16 --batch 8 --steps ${STEPS} --threads 1 --device cpu --precision fp32 --set epochs=10 --set warmup_epochs=1 --set health_every=10`;
const SETTINGS: Record<Method, string> = {
  mae: `--method mae --encoder vit_tiny --set patch=8 --set decoder_width=32 --set decoder_depth=1 ${COMMON}`,
  simclr: `--method simclr --encoder resnet18 --set optimizer=lars ${COMMON}`,
};

/** Everything in a run that a clock neither measures nor paces (the online kNN votes when time allows). */
export interface Learnt {
  weights: string;
  state: string;
  losses: string;
}

export interface World {
  root: string;
  data: string;
  /** What undisturbed runs came to. */
  whole: Record<Method, Learnt>;
  /** An undisturbed run that has been probed. */
  finished: string;
  /** A run that SIGINT ended after its second checkpoint. */
  interrupted: string;
}

export async function makeWorld(root: string, methods: readonly Method[]): Promise<World> {
  const data = join(root, "data");
  await makeImages(data, { train: 20, val: 6 });
  const whole: Partial<World["whole"]> = {};
  for (const method of methods) {
    const out = join(root, `whole-${method}`);
    succeeded(await run(pretrain(data, method, out)));
    whole[method] = learnt(out);
  }
  const finished = join(root, "whole-mae");
  succeeded(await run(["probe", finished]));
  const interrupted = join(root, "interrupted");
  const program = new Program(pretrain(data, "mae", interrupted));
  await program.until(() => stepsOf(interrupted).length >= 2 * EPOCH + 5);
  program.kill("SIGINT");
  const ended = await program.ended;
  expect(ended.code === 130, `Expected exit 130 for the interrupted run, got ${ended.code}: ${lastLine(ended)}`);
  return { root, data, whole: whole as World["whole"], finished, interrupted };
}

export function pretrain(data: string, method: Method, out: string): string[] {
  return ["pretrain", data, ...SETTINGS[method].split(" "), "--out", out];
}

export function resume(out: string): string[] {
  return ["pretrain", "--resume", "--out", out];
}

/** A copy of a run that a case may do with as it likes. */
export function copyOf(run: string, to: string): string {
  cpSync(run, to, { recursive: true });
  return to;
}

export function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

export function stepsOf(out: string): number[] {
  return rowsOf(out).map(({ step }) => Number(step));
}

/** The whole lines of metrics.jsonl. */
function rowsOf(out: string): Record<string, unknown>[] {
  const file = join(out, "metrics.jsonl");
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

export function learnt(out: string): Learnt {
  const rows = rowsOf(out).map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !/^(seconds$|data\/|watch\/|online\/knn)/.test(name))),
  );
  const [weights, state] = ["last.safetensors", "last.state.safetensors"].map((name) =>
    sha256(join(out, "checkpoints", name)),
  );
  return { weights: weights!, state: state!, losses: JSON.stringify(rows) };
}

/**
 * Checks that a finished run is the undisturbed one: weights and state byte for byte, each step once, the same losses,
 * nothing left over.
 *
 * @throws {Error} where it is not
 */
export function equalsWhole(out: string, whole: Learnt, { metrics = true } = {}): void {
  const found = learnt(out);
  expect(found.weights === whole.weights, "Expected the weights of an undisturbed run, got others");
  expect(found.state === whole.state, "Expected the optimizer's state of an undisturbed run, got another");
  if (metrics) {
    const steps = stepsOf(out);
    expect(steps.every((step, i) => step === i + 1) && steps.length === STEPS, `Expected each step once, got ${steps}`);
    expect(found.losses === whole.losses, "Expected the losses of an undisturbed run, got others");
  }
  const left = [...readdirSync(out), ...readdirSync(join(out, "checkpoints"))].filter((name) => /tmp|lock/.test(name));
  expect(left.length === 0, `Expected nothing left over, got ${left}`);
  const { status } = JSON.parse(readFileSync(join(out, "run.json"), "utf8")) as { status: string };
  expect(status === "done", `Expected status done, got ${status}`);
}
