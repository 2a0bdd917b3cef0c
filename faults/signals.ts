// What people and schedulers send: Ctrl-C, twice, in the middle of a long step and of an evaluation; SIGTERM; a closed terminal; a
// second process in the same run, and one that has got the id of a dead one.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Case } from "./main.ts";
import { clean, type Ended, expect, lastLine, Program, refused, run, succeeded } from "./program.ts";
import { copyOf, equalsWhole, pretrain, resume, sha256, stepsOf, type World } from "./world.ts";

export function signals(quick: boolean): Case[] {
  return quick
    ? [asked("SIGINT"), withinEvaluation()]
    : [
        ...(["SIGINT", "SIGTERM", "SIGHUP"] as const).map(asked),
        askedTwice(),
        withinStep(),
        twiceWithinStep(),
        withinEvaluation(),
        early(),
        secondProcess(),
        sameId(),
      ];
}

/** A training whose steps take seconds, and that is in the middle of its first one. */
async function longStep(world: World, out: string): Promise<Program> {
  const settings = "--method simclr --encoder resnet18 --size 144 --batch 40 --steps 2 --threads 1 --device cpu";
  const program = new Program(["pretrain", world.data, ...settings.split(" "), "--out", out]);
  await program.until(() => program.err.includes("2 steps of"));
  await setTimeout(1000);
  expect(stepsOf(out).length === 0, "Expected to be within the first step");
  return program;
}

function withinStep(): Case {
  return {
    name: "SIGINT within a step of seconds, twice as launchers pass it on",
    async run(world, folder) {
      const out = join(folder, "run");
      const program = await longStep(world, out);
      program.kill("SIGINT");
      program.kill("SIGINT");
      const ended = await program.ended;
      clean(ended);
      expect(ended.code === 130, `Expected exit 130, got ${ended.code ?? ended.signal}: ${lastLine(ended)}`);
      expect(stepsOf(out).length === 1, `Expected no step after the one that it met, got ${stepsOf(out)}`);
      expect(ended.err.includes("Saved step 1 of 2"), `Expected that step to be saved, got: ${lastLine(ended)}`);
      succeeded(await run(resume(out)));
      return "exit 130 with that step saved; resumed";
    },
  };
}

function twiceWithinStep(): Case {
  return {
    name: "a second SIGINT within a step of seconds",
    async run(world, folder) {
      const out = join(folder, "run");
      const program = await longStep(world, out);
      program.kill("SIGINT");
      await setTimeout(400);
      program.kill("SIGINT");
      const ended = await program.ended;
      clean(ended);
      expect(ended.signal === "SIGINT", `Expected its end by SIGINT, got ${ended.code}: ${lastLine(ended)}`);
      expect(stepsOf(out).length === 0, "Expected the step not to be finished");
      succeeded(await run(resume(out)));
      return "ended by it, the step unfinished; begun again";
    },
  };
}

function withinEvaluation(): Case {
  return {
    name: "SIGINT in the middle of fitting a probe, of fine-tuning",
    async run(world, folder) {
      const out = copyOf(world.finished, join(folder, "run"));
      const files = () => readdirSync(out, { recursive: true, encoding: "utf8" }).sort();
      const [scores, before] = [sha256(join(out, "eval", "linear.json")), files().join()];
      const cases: [string[], string][] = [
        [["probe", out, "--epochs", "100000"], "linear probe on"],
        [["evaluate", out, "--protocols", "fine-tune", "--epochs", "100000"], "fine-tune"],
      ];
      for (const [args, at] of cases) {
        const program = new Program([...args, "--json"]);
        await program.until(() => program.err.includes(at));
        program.kill("SIGINT");
        interrupted(await program.ended);
        expect(files().join() === before, `Expected nothing half-written, got ${files()}`);
        expect(sha256(join(out, "eval", "linear.json")) === scores, "Expected the scores before it to stay");
      }
      return "exit 130, one line, an object for --json; the scores before it stay";
    },
  };
}

function interrupted(ended: Ended): void {
  clean(ended);
  expect(ended.code === 130, `Expected exit 130, got ${ended.code ?? ended.signal}: ${lastLine(ended)}`);
  expect(/^Interrupted; /.test(lastLine(ended)), `Expected a line that says so, got: ${lastLine(ended)}`);
  expect(/^\{"interrupted":true/.test(ended.out.trim().split("\n").at(-1) ?? ""), `Expected JSON, got: ${ended.out}`);
}

function asked(signal: NodeJS.Signals): Case {
  return {
    name: `${signal} finishes the step and saves`,
    async run(world, folder) {
      const out = join(folder, "run");
      const program = new Program(pretrain(world.data, "mae", out));
      await program.until(() => stepsOf(out).length >= 14);
      program.kill(signal);
      const ended = await program.ended;
      clean(ended);
      expect(ended.code === 130, `Expected exit 130, got ${ended.code ?? ended.signal}: ${lastLine(ended)}`);
      const saved = Number(/Saved step (\d+) of/.exec(ended.err)?.[1]);
      expect(
        saved === stepsOf(out).length,
        `Expected the last step to be saved, got step ${saved} of ${stepsOf(out).length}`,
      );
      succeeded(await run(resume(out)));
      equalsWhole(out, world.whole.mae);
      return `exit 130 with step ${saved} saved; resumed, equal to the bit`;
    },
  };
}

function askedTwice(): Case {
  return {
    name: "a second SIGINT ends at once",
    async run(world, folder) {
      const out = join(folder, "run");
      const program = new Program(pretrain(world.data, "mae", out));
      await program.until(() => stepsOf(out).length >= 14);
      program.kill("SIGINT");
      await program.until(() => program.err.includes("Finishing this step"));
      program.kill("SIGINT");
      const ended = await program.ended;
      clean(ended);
      const how = ended.signal === "SIGINT" ? "ended by it" : `it had saved by then (exit ${ended.code})`;
      expect(
        ended.signal === "SIGINT" || ended.code === 130,
        `Expected its end, got ${ended.code}: ${lastLine(ended)}`,
      );
      succeeded(await run(resume(out)));
      equalsWhole(out, world.whole.mae);
      return `${how}; resumed, equal to the bit`;
    },
  };
}

function early(): Case {
  return {
    name: "SIGINT before the first step",
    async run(world, folder) {
      const out = join(folder, "run");
      const program = new Program(pretrain(world.data, "mae", out));
      await program.until(() => program.err.includes("40 steps of"));
      program.kill("SIGINT");
      const ended = await program.ended;
      clean(ended);
      // Until the training listens, the operating system ends the process, which shells report as 130 too.
      expect(
        ended.signal === "SIGINT" || ended.code === 130,
        `Expected its end, got ${ended.code}: ${lastLine(ended)}`,
      );
      succeeded(await run(resume(out)));
      equalsWhole(out, world.whole.mae);
      return `${ended.signal ?? `exit ${ended.code}`}; resumed, equal to the bit`;
    },
  };
}

function secondProcess(): Case {
  return {
    name: "a second process in the same run",
    async run(world, folder) {
      const out = join(folder, "run");
      const program = new Program(pretrain(world.data, "mae", out));
      await program.until(() => stepsOf(out).length >= 3);
      const line = refused(await run(resume(out)), /to be free, got process \d+ on .*, begun \d+ min ago/);
      succeeded(await program.ended);
      equalsWhole(out, world.whole.mae);
      return `"${line}"; the first is not disturbed`;
    },
  };
}

function sameId(): Case {
  return {
    name: "the lock of a dead process whose id a living one has got",
    async run(world, folder) {
      const out = copyOf(world.interrupted, join(folder, "run"));
      // This process lives, and began at another moment than the one that is named.
      const lock = { pid: process.pid, host: hostname(), start: "2026-01-01T00:00:00.000Z", birth: "another 1" };
      writeFileSync(join(out, "lock"), JSON.stringify(lock));
      if (!existsSync("/proc/self/stat")) {
        return `not told apart on this system: "${refused(await run(resume(out)), /to be free/)}"`;
      }
      succeeded(await run(resume(out)));
      equalsWhole(out, world.whole.mae);
      return "taken over; resumed, equal to the bit";
    },
  };
}
