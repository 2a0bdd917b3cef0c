// Gives mutants to a reading process and watches it: each must be read or skipped with a reason, in time and within memory.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { CHANGES, type Mutant, mutant } from "./mutants.ts";
import { RASTER_CHANGES, rasterSeeds } from "./rasters.ts";
import { makeSeeds } from "./seeds.ts";

/** What the reader made of one file. */
export interface Outcome {
  name: string;
  /** Why it was skipped, or null where it was read. */
  reason: string | null;
  /** Whether the same bytes from memory gave the same. */
  agrees: boolean;
}

export interface Survey {
  outcomes: (Outcome & Pick<Mutant, "from" | "how">)[];
  /** Of the reading process. */
  peakMb: number;
}

/** No line for this long is a hang. */
const HANG_MS = 60_000;

/**
 * Reads `count` mutants of a family: of photographs by the reader, or of rasters (TIFFs of many bands and types, arrays, bitmaps) by
 * their decoders.
 *
 * @throws {Error} where the reading process crashes or hangs, naming the files then under way
 */
export async function readMutants(
  count: number,
  family = 1,
  kind: "photographs" | "rasters" = "photographs",
): Promise<Survey> {
  const rasters = kind === "rasters";
  const seeds = rasters ? rasterSeeds() : await makeSeeds();
  const changes = rasters ? RASTER_CHANGES : CHANGES;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-mutants-"));
  try {
    const mutants = Array.from({ length: count }, (_, index) => {
      const { bytes, ...rest } = mutant(seeds, family, index, changes);
      writeFileSync(join(folder, rest.name), bytes);
      return rest;
    });
    const { outcomes, peakMb } = await readApart(
      rasters ? "raster-child.ts" : "child.ts",
      folder,
      mutants.map(({ name }) => name),
    );
    const known = new Map(mutants.map((one) => [one.name, one]));
    return {
      outcomes: outcomes.map((outcome) => {
        const { from, how } = known.get(outcome.name)!;
        return { ...outcome, from, how };
      }),
      peakMb,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readApart(program: string, folder: string, names: string[]): Promise<{ outcomes: Outcome[]; peakMb: number }> {
  const child = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, program)], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(JSON.stringify([folder, ...names]));
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const outcomes: Outcome[] = [];
  let [begun, peakMb, hung]: [string[], number, boolean] = [[], Number.NaN, false];
  const kill = () => {
    hung = true;
    child.kill("SIGKILL");
  };
  let watchdog = setTimeout(kill, HANG_MS);
  createInterface({ input: child.stdout }).on("line", (text) => {
    clearTimeout(watchdog);
    watchdog = setTimeout(kill, HANG_MS);
    const line = JSON.parse(text) as Outcome | { begun: string[] } | { peakMb: number };
    if ("begun" in line) begun = line.begun;
    else if ("peakMb" in line) peakMb = line.peakMb;
    else outcomes.push(line);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(watchdog);
      if (code === 0) return resolve({ outcomes, peakMb });
      const what = hung ? `hung for ${HANG_MS / 1000} s` : `ended with ${signal ?? code}`;
      reject(
        new Error(`Expected the reader to survive, but it ${what} at one of ${begun.join(", ")}: ${errors.trim()}`),
      );
    });
  });
}

/** How many of each make and each damage were read and skipped, and the commonest reasons. */
export function summary({ outcomes, peakMb }: Survey): string {
  const tally = (of: (outcome: Survey["outcomes"][0]) => string) => {
    const rows = new Map<string, { read: number; skipped: number }>();
    for (const outcome of outcomes) {
      const row = rows.get(of(outcome)) ?? { read: 0, skipped: 0 };
      row[outcome.reason === null ? "read" : "skipped"]++;
      rows.set(of(outcome), row);
    }
    return [...rows].map(
      ([name, { read, skipped }]) =>
        `${name.padEnd(30)}${String(read).padStart(6)} read${String(skipped).padStart(6)} skipped`,
    );
  };
  const reasons = new Map<string, number>();
  for (const { reason } of outcomes) {
    // Numbers vary from file to file.
    const kind = reason?.replace(/\d+/g, "N");
    if (kind) reasons.set(kind, (reasons.get(kind) ?? 0) + 1);
  }
  const common = [...reasons].sort(([, a], [, b]) => b - a).slice(0, 20);
  const read = outcomes.filter(({ reason }) => reason === null).length;
  return [
    ...tally(({ from }) => from),
    "",
    ...tally(({ how }) => how),
    "",
    ...common.map(([reason, count]) => `${String(count).padStart(6)}  ${reason}`),
    "",
    `${outcomes.length} files: ${read} read, ${outcomes.length - read} skipped with a reason, none crashed or hung; peak ${peakMb} MB`,
  ].join("\n");
}
