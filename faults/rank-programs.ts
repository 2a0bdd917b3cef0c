// Ranks as programs: started by our launcher or one by one, found among the system's processes, and hit by signals.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../packages/unlabel/src/base/free-port.ts";
import { clean, type Ended, expect, lastLine, Program, run, succeeded } from "./program.ts";
import { equalsWhole, type Learnt, learnt, pretrain, resume, type World } from "./world.ts";

/** Seconds that ranks wait for each other here. */
export const TIMEOUT = 12;
/** Seconds beyond it for whoever is told to end, on a machine that does other things. */
export const SLACK = 15;

export function launch(count: number, args: readonly string[]): string[] {
  return ["launch", "--nproc", String(count), "--timeout", `${TIMEOUT}s`, ...args];
}

/** Process ids of a launcher's ranks, by number. */
export function ranksOf({ child }: Program): Map<number, number> {
  const found = new Map<number, number>();
  const list = textOf(`/proc/${child.pid}/task/${child.pid}/children`);
  for (const pid of list.split(" ").filter(Boolean).map(Number)) {
    const rank = /(?:^|\0)RANK=(\d+)\0/.exec(textOf(`/proc/${pid}/environ`))?.[1];
    if (rank !== undefined) found.set(Number(rank), pid);
  }
  return found;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Whether a process is there and no zombie. */
export function lives(pid: number): boolean {
  const state = /^\d+ \(.*\) (\w)/s.exec(textOf(`/proc/${pid}/stat`))?.[1];
  return state !== undefined && state !== "Z";
}

const wholes = new Map<string, Promise<Learnt>>();

/** What an undisturbed run of so many ranks comes to: the sums of another number round in another way. */
export function wholeOf(world: World, count: number): Promise<Learnt> {
  const key = `${world.root} ${count}`;
  const make = async () => {
    const out = join(world.root, `whole-mae-${count}`);
    succeeded(await run(launch(count, pretrain(world.data, "mae", out))));
    return learnt(out);
  };
  const known = wholes.get(key) ?? make();
  wholes.set(key, known);
  return known;
}

/** The one line that several ranks failed with. */
export function failed(ended: Ended, pattern: RegExp): string {
  clean(ended);
  expect(
    ended.code !== 0 && ended.code !== null,
    `Expected a failure, got ${ended.code ?? ended.signal}: ${lastLine(ended)}`,
  );
  const errors = ended.err.split("\n").filter((text) => /^error: /.test(text));
  expect(errors.length === 1, `Expected one line of error, got: ${ended.err.slice(-1500)}`);
  expect(pattern.test(errors[0]!), `Expected an error that matches ${pattern}, got: ${errors[0]}`);
  return errors[0]!;
}

/** Sends a signal to one rank, and waits until the launcher has ended. */
export async function hit(
  program: Program,
  rank: number,
  signal: NodeJS.Signals,
): Promise<{ ended: Ended; seconds: number }> {
  const pids = ranksOf(program);
  const pid = pids.get(rank);
  expect(pid !== undefined, `Expected rank ${rank} among the launcher's processes, got ${[...pids.keys()]}`);
  const began = performance.now();
  process.kill(pid, signal);
  const ended = await program.ended;
  const seconds = (performance.now() - began) / 1000;
  expect(seconds < TIMEOUT + SLACK, `Expected the end within ${TIMEOUT} s and a little, got ${seconds.toFixed(0)} s`);
  const left = [...pids.values()].filter(lives);
  expect(left.length === 0, `Expected no rank to be left, got ${left}`);
  return { ended, seconds };
}

export async function goOn(world: World, out: string, count: number): Promise<void> {
  const begun = existsSync(join(out, "run.json"));
  succeeded(await run(launch(count, begun ? resume(out) : pretrain(world.data, "mae", out))));
  equalsWhole(out, await wholeOf(world, count));
}

/** Ranks that are started one by one, as another launcher would. */
export async function byHand(
  args: readonly (readonly string[])[],
  options: { env?: NodeJS.ProcessEnv; memoryKib?: number; only?: number[] } = {},
): Promise<Ended[]> {
  const port = await freePort();
  const started = args.map((own, rank) => {
    if (options.only && !options.only.includes(rank)) return null;
    const env = {
      ...{ RANK: String(rank), LOCAL_RANK: String(rank), WORLD_SIZE: String(args.length) },
      ...{ LOCAL_WORLD_SIZE: String(args.length), MASTER_ADDR: "127.0.0.1", MASTER_PORT: String(port) },
      ...{ UNLABEL_TIMEOUT: String(TIMEOUT), ...options.env },
    };
    const last = rank === args.length - 1;
    return new Program(own, { env, ...(last && options.memoryKib && { memoryKib: options.memoryKib }) });
  });
  return Promise.all(started.flatMap((one) => (one ? [one.ended] : [])));
}
