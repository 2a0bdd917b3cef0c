// `npm run fuzz [-- --seconds 60] [--cases N] [--seed N] [--only NAME]`: every parser of files that may come from strangers reads mutated
// ones, each in a process of its own with a bound on memory and a watchdog. What a parser refuses it must refuse in words.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PARSERS } from "./parsers.ts";

/** No case takes as long, nor as much. Seconds of the processor count, so that a busy machine makes no hang; seconds of the clock where it waits. */
const HANG_S = 20;
const WAIT_S = 180;
const MEMORY_MB = 3000;
const CRASHES = 3;

interface Row {
  cases: number;
  accepted: number;
  refused: number;
  problems: string[];
}

async function fuzz(name: string, seed: number, seconds: number, cases: number, root: string): Promise<Row> {
  const row: Row = { cases: 0, accepted: 0, refused: 0, problems: [] };
  let from = 0;
  for (let left = seconds; left > 0 && row.cases < cases && row.problems.length < CRASHES; ) {
    const scratch = mkdtempSync(join(root, "fuzz-"));
    const began = performance.now();
    const why = await child(
      [name, String(seed), String(from), String(left), scratch, String(cases)],
      join(scratch, "progress"),
    );
    left -= (performance.now() - began) / 1000;
    const outcome = join(scratch, "outcome.json");
    if (why === null && existsSync(outcome)) {
      const { bad, ...counts } = JSON.parse(readFileSync(outcome, "utf8")) as Omit<Row, "problems"> & {
        bad: { case: number; file: string; error: string }[];
      };
      for (const key of ["cases", "accepted", "refused"] as const) row[key] += counts[key];
      row.problems.push(...bad.map((one) => `case ${one.case} (${one.file}): ${one.error}`));
      rmSync(scratch, { recursive: true, force: true });
      break;
    }
    const at = Number(existsSync(join(scratch, "progress")) ? readFileSync(join(scratch, "progress"), "utf8") : 0);
    row.problems.push(`case ${at}: ${why ?? "ended without an outcome"}`);
    row.cases += at - from + 1;
    from = at + 1;
    rmSync(scratch, { recursive: true, force: true });
  }
  return row;
}

/** Runs a child to its end; returns why it did not end well, or null. */
function child(args: string[], progress: string): Promise<string | null> {
  const options = ["--max-old-space-size=1500", "--import", "tsx", join(import.meta.dirname, "fuzz-child.ts")];
  const running = spawn(process.execPath, [...options, ...args], {
    cwd: join(import.meta.dirname, ".."),
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  let [err, why, last, since, spent] = ["", null as string | null, "", performance.now(), 0];
  running.stderr.on("data", (piece) => {
    err = (err + piece).slice(-2000);
  });
  const watchdog = setInterval(() => {
    const now = existsSync(progress) ? readFileSync(progress, "utf8") : "";
    const processor = processorSeconds(running.pid);
    if (now !== last) [last, since, spent] = [now, performance.now(), processor];
    // Until the first case it loads itself and makes the intact files.
    if (last !== "" && processor - spent > HANG_S) why = `hangs: ${HANG_S} s of one processor`;
    if (performance.now() - since > 1000 * WAIT_S) why = `hangs: ${WAIT_S} s`;
    const resident = residentMb(running.pid);
    if (resident > MEMORY_MB) why = `takes ${resident} MB`;
    if (why) running.kill("SIGKILL");
  }, 500);
  return new Promise((resolve) => {
    running.on("close", (code, signal) => {
      clearInterval(watchdog);
      resolve(why ?? (code === 0 ? null : `crashes (${signal ?? code}): ${err.trim()}`));
    });
  });
}

function processorSeconds(pid: number | undefined): number {
  try {
    const [user, system] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ").slice(11, 13);
    return (Number(user) + Number(system)) / 100;
  } catch {
    return 0;
  }
}

function residentMb(pid: number | undefined): number {
  try {
    return Math.round((Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096) / 1e6);
  } catch {
    return 0;
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string" },
      cases: { type: "string" },
      seed: { type: "string" },
      only: { type: "string" },
    },
  });
  // A number of cases takes the time that it takes.
  const cases = Number(values.cases ?? Number.POSITIVE_INFINITY);
  const [seconds, seed] = [Number(values.seconds ?? (values.cases ? 3600 : 60)), Number(values.seed ?? 1)];
  const root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "unlabel-fuzz-"));
  mkdirSync(root, { recursive: true });
  const rows: [string, Row][] = [];
  try {
    for (const name of Object.keys(PARSERS)) {
      if (values.only !== undefined && name !== values.only) continue;
      const row = await fuzz(name, seed, seconds, cases, root);
      rows.push([name, row]);
      for (const problem of row.problems) console.log(`${name}, seed ${seed}, ${problem}\n`);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  const line = (cells: (string | number)[]) =>
    cells.map((cell, i) => (i === 0 ? String(cell).padEnd(16) : String(cell).padStart(10))).join("");
  console.log(line(["parser", "cases", "accepted", "refused", "crashes"]));
  for (const [name, { cases, accepted, refused, problems }] of rows) {
    console.log(line([name, cases, accepted, refused, problems.length]));
  }
  if (rows.length === 0 || rows.some(([, { problems }]) => problems.length > 0)) process.exitCode = 1;
}

await main();
