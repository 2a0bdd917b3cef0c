// Several processes: ranks killed, stopped and out of memory in every phase, signals to any of them, ranks that do not come or do not
// fit, the launcher killed. One line names the rank, nobody is left, and the run goes on, with another number of ranks too.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Case } from "./main.ts";
import { clean, type Ended, expect, lastLine, Program, run, succeeded } from "./program.ts";
import type { Random } from "./random.ts";
import {
  copyOf,
  equalsWhole,
  type Learnt,
  learnt,
  pretrain,
  resume,
  STEPS,
  sha256,
  stepsOf,
  type World,
} from "./world.ts";

/** Seconds that ranks wait for each other here. */
const TIMEOUT = 12;
/** Seconds beyond it for whoever is told to end, on a machine that does other things. */
const SLACK = 15;

export function ranks(quick: boolean, random: Random): Case[] {
  if (quick) return [lost("SIGKILL", 2, 1, random(3, STEPS - 5))];
  return [
    ...[0, 1].map((rank) => lost("SIGKILL", 2, rank, random(3, STEPS - 5))),
    ...[0, 1].map((rank) => lost("SIGSTOP", 2, rank, random(3, STEPS - 5))),
    lost("SIGKILL", 4, random(0, 3), random(3, STEPS - 5)),
    lost("SIGSTOP", 4, random(1, 3), random(3, STEPS - 5)),
    ...[2, 4].map((count) => lostWithinCheckpoint(count, random(1, 60))),
    lostEarly(2, random(0, 1500)),
    outOfMemory(),
    ...(["SIGTERM", "SIGINT"] as const).flatMap((signal) => [0, 1].map((rank) => asked(signal, rank))),
    askedByLauncher(),
    withoutLauncher(),
    ...(["SIGKILL", "SIGSTOP"] as const).map(lostWithinEvaluation),
    missing(),
    portTaken(),
    ...different(),
    restarted(),
    fewerRanks(),
  ];
}

function launch(count: number, args: readonly string[]): string[] {
  return ["launch", "--nproc", String(count), "--timeout", `${TIMEOUT}s`, ...args];
}

/** Process ids of a launcher's ranks, by number. */
function ranksOf({ child }: Program): Map<number, number> {
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
function lives(pid: number): boolean {
  const state = /^\d+ \(.*\) (\w)/s.exec(textOf(`/proc/${pid}/stat`))?.[1];
  return state !== undefined && state !== "Z";
}

const wholes = new Map<string, Promise<Learnt>>();

/** What an undisturbed run of so many ranks comes to: the sums of another number round in another way. */
function wholeOf(world: World, count: number): Promise<Learnt> {
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
function failed(ended: Ended, pattern: RegExp): string {
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
async function hit(program: Program, rank: number, signal: NodeJS.Signals): Promise<{ ended: Ended; seconds: number }> {
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

async function goOn(world: World, out: string, count: number): Promise<void> {
  const begun = existsSync(join(out, "run.json"));
  succeeded(await run(launch(count, begun ? resume(out) : pretrain(world.data, "mae", out))));
  equalsWhole(out, await wholeOf(world, count));
}

function lost(signal: "SIGKILL" | "SIGSTOP", count: number, rank: number, step: number): Case {
  return {
    name: `${signal} of rank ${rank} of ${count} ranks after step ${step}`,
    async run(world, folder) {
      const out = join(folder, "run");
      const program = new Program(launch(count, pretrain(world.data, "mae", out)));
      await program.until(() => stepsOf(out).length >= step);
      const { ended, seconds } = await hit(program, rank, signal);
      const line = failed(ended, new RegExp(`rank ${rank}\\b`));
      await goOn(world, out, count);
      return `"${line}" after ${seconds.toFixed(1)} s; resumed, equal to the bit`;
    },
  };
}

function lostWithinCheckpoint(count: number, event: number): Case {
  return {
    name: `SIGKILL of the last of ${count} ranks at change ${event} in the checkpoints' folder`,
    async run(world, folder) {
      const out = join(folder, "run");
      const program = new Program(launch(count, pretrain(world.data, "mae", out)));
      const checkpoints = join(out, "checkpoints");
      await program.until(() => existsSync(checkpoints));
      let last = "";
      let changes = 0;
      await program.until(() => {
        const now = readdirSync(checkpoints).sort().join();
        if (now !== last) changes++;
        last = now;
        return changes >= Math.ceil(event / 4);
      });
      const { ended } = await hit(program, count - 1, "SIGKILL");
      const line = failed(ended, new RegExp(`rank ${count - 1}\\b`));
      await goOn(world, out, count);
      return `"${line}"; resumed, equal to the bit`;
    },
  };
}

function lostEarly(count: number, wait: number): Case {
  return {
    name: `SIGKILL of rank 1 of ${count} ranks ${wait} ms after the start, before they have met`,
    async run(world, folder) {
      const out = join(folder, "run");
      const program = new Program(launch(count, pretrain(world.data, "mae", out)));
      await program.until(() => ranksOf(program).size === count);
      await setTimeout(wait);
      const { ended, seconds } = await hit(program, 1, "SIGKILL");
      const line = failed(ended, /rank 1\b/);
      await goOn(world, out, count);
      return `"${line}" after ${seconds.toFixed(1)} s; begun again`;
    },
  };
}

/** Ranks that are started one by one, as another launcher would. */
async function byHand(
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

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : 0);
    });
  });
  await new Promise((done) => server.close(done));
  return port;
}

function outOfMemory(): Case {
  return {
    name: "one rank of two is out of memory",
    async run(world, folder) {
      const out = join(folder, "run");
      const args = pretrain(world.data, "simclr", out);
      args[args.indexOf("--size") + 1] = "512";
      args[args.indexOf("--batch") + 1] = "20";
      const [first, second] = await byHand([args, args], { memoryKib: 5_000_000 });
      const line = failed(first!, /rank 1 .*Expected room for .* in memory/);
      expect(second!.code === 1, `Expected exit 1 of rank 1, got ${second!.code ?? second!.signal}`);
      return `"${line}"`;
    },
  };
}

function asked(signal: "SIGTERM" | "SIGINT", rank: number): Case {
  return {
    name: `${signal} to rank ${rank} of two finishes the step on both and saves`,
    async run(world, folder) {
      const out = join(folder, "run");
      const program = new Program(launch(2, pretrain(world.data, "mae", out)));
      await program.until(() => stepsOf(out).length >= 14);
      const { ended } = await hit(program, rank, signal);
      return interrupted(ended, world, out);
    },
  };
}

function askedByLauncher(): Case {
  return {
    name: "SIGTERM to the launcher is passed on to all ranks",
    async run(world, folder) {
      const out = join(folder, "run");
      const program = new Program(launch(4, pretrain(world.data, "mae", out)));
      await program.until(() => stepsOf(out).length >= 14);
      program.kill("SIGTERM");
      return interrupted(await program.ended, world, out, 4);
    },
  };
}

async function interrupted(ended: Ended, world: World, out: string, count = 2): Promise<string> {
  clean(ended);
  expect(ended.code === 130, `Expected exit 130, got ${ended.code ?? ended.signal}: ${lastLine(ended)}`);
  const saved = Number(/Saved step (\d+) of/.exec(ended.err)?.[1]);
  expect(saved === stepsOf(out).length, `Expected the last step to be saved, got ${saved} of ${stepsOf(out).length}`);
  await goOn(world, out, count);
  return `exit 130 with step ${saved} saved; resumed, equal to the bit`;
}

function withoutLauncher(): Case {
  return {
    name: "SIGKILL of the launcher itself",
    async run(world, folder) {
      const out = join(folder, "run");
      const program = new Program(launch(2, pretrain(world.data, "mae", out)));
      await program.until(() => stepsOf(out).length >= 14);
      const pids = [...ranksOf(program).values()];
      program.kill("SIGKILL");
      await program.ended;
      const until = performance.now() + 1000 * (TIMEOUT + SLACK);
      while (pids.some(lives) && performance.now() < until) await setTimeout(100);
      expect(!pids.some(lives), "Expected no rank to be left");
      await goOn(world, out, 2);
      return "its ranks saved and ended; resumed, equal to the bit";
    },
  };
}

function lostWithinEvaluation(signal: "SIGKILL" | "SIGSTOP"): Case {
  return {
    name: `${signal} of rank 1 of two while they encode for evaluate`,
    async run(world, folder) {
      const out = copyOf(world.finished, join(folder, "run"));
      const scores = sha256(join(out, "eval", "linear.json"));
      const program = new Program(launch(2, ["evaluate", out, "--threads", "1", "--size", "160"]));
      await program.until(() => /encoding/.test(program.err) || program.over);
      const { ended } = await hit(program, 1, signal);
      const line = failed(ended, /rank 1\b/);
      expect(sha256(join(out, "eval", "linear.json")) === scores, "Expected the scores before it to stay");
      succeeded(await run(launch(2, ["evaluate", out, "--threads", "1"])));
      return `"${line}"; the scores before it stay, and evaluating again works`;
    },
  };
}

function missing(): Case {
  return {
    name: "a rank that never comes",
    async run(world, folder) {
      const out = join(folder, "run");
      const args = pretrain(world.data, "mae", out);
      const began = performance.now();
      const [first] = await byHand([args, args, args], { only: [0, 2] });
      const line = failed(first!, /rank 1 did not come/);
      const seconds = (performance.now() - began) / 1000;
      expect(
        seconds < TIMEOUT + SLACK,
        `Expected the end within ${TIMEOUT} s and a little, got ${seconds.toFixed(0)} s`,
      );
      expect(!existsSync(join(out, "run.json")), "Expected no run yet");
      return `"${line}"`;
    },
  };
}

function portTaken(): Case {
  return {
    name: "the port where ranks are to meet is taken",
    async run(world, folder) {
      const server = createServer();
      const port = await new Promise<number>((resolve) => {
        server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
      });
      try {
        const args = ["launch", "--nproc", "2", "--port", String(port), "--timeout", `${TIMEOUT}s`];
        const ended = await run([...args, ...pretrain(world.data, "mae", join(folder, "run"))]);
        return `"${failed(ended, new RegExp(`${port}`))}"`;
      } finally {
        server.close();
      }
    },
  };
}

function different(): Case[] {
  const cases: [string, (args: string[], world: World, folder: string) => Promise<string[]>, RegExp][] = [
    ["settings", async (args) => [...args, "--lr", "0.5"], /rank 1\b.*|lr\b/],
    [
      "data",
      async (args, world, folder) => {
        const data = copyOf(world.data, join(folder, "data"));
        const [split] = readdirSync(data).sort();
        const [name] = readdirSync(join(data, split!)).sort();
        const [image] = readdirSync(join(data, split!, name!)).sort();
        writeFileSync(join(data, split!, name!, `other-${image}`), readFileSync(join(data, split!, name!, image!)));
        return args.map((word) => (word === world.data ? data : word));
      },
      /rank 1\b/,
    ],
  ];
  return cases.map(([what, change, pattern]) => ({
    name: `ranks with different ${what}`,
    async run(world, folder) {
      const out = join(folder, "run");
      const args = pretrain(world.data, "mae", out);
      const [first] = await byHand([args, await change(args, world, folder)]);
      const line = failed(first!, pattern);
      expect(stepsOf(out).length === 0, "Expected no step");
      return `"${line}"`;
    },
  }));
}

function restarted(): Case {
  return {
    name: "the same command again after each kill, as an elastic launcher gives it, with --resume=auto",
    async run(world, folder) {
      const out = join(folder, "run");
      const args = launch(2, [...pretrain(world.data, "mae", out), "--resume=auto"]);
      for (const [rank, step] of [
        [1, 9],
        [0, 21],
        [1, 33],
      ] as const) {
        const program = new Program(args);
        await program.until(() => (stepsOf(out).at(-1) ?? 0) >= step);
        failed((await hit(program, rank, "SIGKILL")).ended, new RegExp(`rank ${rank}\\b`));
      }
      succeeded(await run(args));
      equalsWhole(out, await wholeOf(world, 2));
      succeeded(await run(args));
      return "equal to the bit; done, it ends with 0 at once";
    },
  };
}

function fewerRanks(): Case {
  return {
    name: "a run of four ranks goes on with two, then with one",
    async run(world, folder) {
      const out = join(folder, "run");
      const first = new Program(launch(4, pretrain(world.data, "mae", out)));
      await first.until(() => stepsOf(out).length >= 12);
      await hit(first, 3, "SIGKILL");
      const second = new Program(launch(2, resume(out)));
      await second.until(() => (stepsOf(out).at(-1) ?? 0) >= 24);
      await hit(second, 1, "SIGTERM");
      succeeded(await run(resume(out)));
      const [mine, alone] = [out, join(world.root, "whole-mae")].map(lossesOf);
      expect(mine!.length === STEPS, `Expected ${STEPS} steps, got ${mine!.length}`);
      const apart = Math.max(...mine!.map((loss, i) => Math.abs(loss - alone![i]!)));
      expect(apart < 2e-3, `Expected the losses of one process within 0.002, got ${apart} apart`);
      return `losses of one process, within ${apart.toExponential(1)}`;
    },
  };
}

function lossesOf(out: string): number[] {
  const lines = readFileSync(join(out, "metrics.jsonl"), "utf8").trim().split("\n");
  return lines.map((line) => Number((JSON.parse(line) as Record<string, unknown>)["train/loss"]));
}
