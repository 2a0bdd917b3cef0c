// How training grows with threads, and whether runs side by side on cores of their own slow each other: threads that spin while
// they wait would. SimCLR, ResNet-18, 64 px. What the hardware itself shares out shows in plain copies of memory.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allowedCores } from "../packages/unlabel/src/train/machine.ts";
import { numberIn, runScript, runUnlabel } from "./child.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { mean, median } from "./stats.ts";

const STEPS = 16;
const ROUNDS = 2;

export async function run({ quick, data, device, threads, say }: BenchOptions): Promise<Row[]> {
  const [steps, rounds] = quick ? [1, 1] : [STEPS, ROUNDS];
  if (threads < 2) return [row("threads", "images/s", null, null, { note: "not run: it takes two cores or more" })];
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  let runs = 0;
  /** @param cores to be bound to; the system's choice where not given */
  const speed = async (count: number, cores?: readonly number[]) => {
    const flags = ["--method", "simclr", "--preset", "report", "--encoder", "resnet18", "--size", "64"];
    const unwatched = ["stem=7x7", "online=false", "health_every=0"].flatMap((one) => ["--set", one]);
    const end = ["--batch", quick ? "4" : "32", "--epochs", "1000", "--steps", String(steps + 2)];
    const machine = ["--threads", String(count), "--device", device, "--out", join(folder, String(runs++))];
    const outcome = await runUnlabel(["pretrain", data, ...flags, ...unwatched, ...end, ...machine], count, { cores });
    return numberIn(outcome, "images_per_s");
  };
  try {
    const half = Math.floor(threads / 2);
    const cores = coresAllowed();
    const [left, right] = [cores?.slice(0, half), cores?.slice(half, 2 * half)];
    const copied = async (core: number) =>
      numberIn(await runScript("copy.ts", [quick ? "0.1" : "5"], 1, { cores: [core] }), "gb_per_s");
    const [few, many, alone, beside, copyAlone, copyBeside]: number[][] = [[], [], [], [], [], []];
    for (let round = 0; round < rounds; round++) {
      say(`round ${round + 1} of ${rounds}`);
      few!.push(await speed(1));
      many!.push(await speed(threads));
      if (!left || !right) continue;
      alone!.push(await speed(half, left));
      beside!.push(mean(await Promise.all([speed(half, left), speed(half, right)])));
      copyAlone!.push(await copied(left[0]!));
      copyBeside!.push(mean(await Promise.all([copied(left[0]!), copied(right[0]!)])));
    }
    const scaling = row(`${threads} threads beside 1`, "images/s", median(many!), median(few!));
    const name = `one of two runs side by side, ${half} ${half === 1 ? "core" : "cores"} each, beside one alone`;
    if (!left) return [scaling, row(name, "images/s", null, null, { note: "not run: it takes taskset" })];
    const memory = "memory copied by one of two threads at once, beside one alone";
    return [
      scaling,
      row(name, "images/s", median(beside!), median(alone!)),
      row(memory, "GB/s", median(copyBeside!), median(copyAlone!)),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The cores that this process may use, by number; null where `taskset` does not tell. */
export function coresAllowed(): number[] | null {
  try {
    const text = execFileSync("taskset", ["-cp", String(process.pid)], { encoding: "utf8" });
    return parseCores(/:\s*([\d,-]+)\s*$/.exec(text)?.[1] ?? "").slice(0, allowedCores());
  } catch {
    return null;
  }
}

/** Numbers of a list as `0-2,5`. */
export function parseCores(list: string): number[] {
  return list.split(",").flatMap((part) => {
    const [from = Number.NaN, to = from] = part.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}
