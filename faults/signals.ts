// What people and schedulers send: Ctrl-C, twice; SIGTERM; a closed terminal; a second process in the same run.
import { join } from "node:path";
import type { Case } from "./main.ts";
import { clean, expect, lastLine, Program, refused, run, succeeded } from "./program.ts";
import { equalsWhole, pretrain, resume, stepsOf } from "./world.ts";

export function signals(quick: boolean): Case[] {
  return quick
    ? [asked("SIGINT")]
    : [asked("SIGINT"), asked("SIGTERM"), asked("SIGHUP"), askedTwice(), early(), secondProcess()];
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
