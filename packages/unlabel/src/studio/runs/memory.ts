// The memory of a process that trains on this machine, as the system tells of it.
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import type { Folders } from "./folders.ts";
import { trainerAt } from "./row.ts";

/** Megabytes now and at most; null where no process is seen that trains in the run, or the system does not tell. */
export async function memoryOf(folders: Folders, dir: string): Promise<{ now: number; peak: number } | null> {
  const trainer = await trainerAt(folders, dir).catch(() => null);
  if (trainer === null || trainer.host !== hostname() || process.platform !== "linux") return null;
  const text = await readFile(`/proc/${trainer.pid}/status`, "utf8").catch(() => "");
  const [now, peak] = ["VmRSS", "VmHWM"].map((name) => new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]);
  return now === undefined || peak === undefined ? null : { now: Number(now) / 1000, peak: Number(peak) / 1000 };
}
