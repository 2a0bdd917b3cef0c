// Several processes: ranks killed and stopped in every phase, signals to any of them, the launcher killed. One line names the rank, nobody
// is left, and the run goes on, with another number of ranks too.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Case } from "./main.ts";
import { clean, type Ended, expect, lastLine, Program, run, succeeded } from "./program.ts";
import type { Random } from "./random.ts";
import { meetings } from "./rank-meetings.ts";
import { failed, goOn, hit, launch, lives, ranksOf, SLACK, TIMEOUT, wholeOf } from "./rank-programs.ts";
import { copyOf, equalsWhole, pretrain, resume, STEPS, sha256, stepsOf, type World } from "./world.ts";

export function ranks(quick: boolean, random: Random): Case[] {
  if (quick) return [lost("SIGKILL", 2, 1, random(3, STEPS - 5))];
  return [
    ...[0, 1].map((rank) => lost("SIGKILL", 2, rank, random(3, STEPS - 5))),
    ...[0, 1].map((rank) => lost("SIGSTOP", 2, rank, random(3, STEPS - 5))),
    lost("SIGKILL", 4, random(0, 3), random(3, STEPS - 5)),
    lost("SIGSTOP", 4, random(1, 3), random(3, STEPS - 5)),
    ...[2, 4].map((count) => lostWithinCheckpoint(count, random(1, 60))),
    lostEarly(2, random(0, 1500)),
    ...(["SIGTERM", "SIGINT"] as const).flatMap((signal) => [0, 1].map((rank) => asked(signal, rank))),
    askedByLauncher(),
    withoutLauncher(),
    ...(["SIGKILL", "SIGSTOP"] as const).map(lostWithinEvaluation),
    ...meetings(),
    restarted(),
    fewerRanks(),
  ];
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
      // The batch of one process, shared by four.
      const args = pretrain(world.data, "mae", out).map((word) => (word === "--batch" ? "--global-batch" : word));
      const first = new Program(launch(4, args));
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
