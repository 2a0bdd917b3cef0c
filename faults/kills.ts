// SIGKILL at random moments: during steps, during the writing of checkpoints, during the probe, during the report.
import { existsSync, readdirSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import type { Case } from "./main.ts";
import { expect, Program, run, succeeded } from "./program.ts";
import type { Random } from "./random.ts";
import { copyOf, equalsWhole, METHODS, type Method, pretrain, resume, STEPS, stepsOf, type World } from "./world.ts";

/** How many kills of each kind. */
export interface Counts {
  steps: number;
  checkpoints: number;
  evaluation: number;
  report: number;
}

export function kills(counts: Counts, random: Random, methods: readonly Method[] = METHODS): Case[] {
  const each = (count: number, make: (i: number) => Case) => Array.from({ length: count }, (_, i) => make(i));
  const method = (i: number) => methods[i % 4 === 3 ? methods.length - 1 : 0]!;
  return [
    ...each(counts.steps, (i) => duringStep(method(i), random(1, STEPS - 1), random(0, 60))),
    // Files made, renamed and removed: some 20 of these a checkpoint, and there are four.
    ...each(counts.checkpoints, (i) => duringCheckpoint(method(i), random(1, 66), random(0, 20))),
    ...each(counts.evaluation, (i) => duringProbe(i, random(300, 3000))),
    ...each(counts.report, (i) => duringReport(i, random(100, 1200))),
    chain(),
  ];
}

function duringStep(method: Method, step: number, wait: number): Case {
  return {
    name: `SIGKILL ${wait} ms after step ${step} of ${method}`,
    async run(world, folder) {
      const out = join(folder, "run");
      const program = new Program(pretrain(world.data, method, out));
      await program.until(() => stepsOf(out).length >= step);
      await new Promise((done) => setTimeout(done, wait));
      program.kill("SIGKILL");
      await program.ended;
      return finish(world, method, out);
    },
  };
}

function duringCheckpoint(method: Method, event: number, wait: number): Case {
  return {
    name: `SIGKILL ${wait} ms after change ${event} in the checkpoints' folder of ${method}`,
    async run(world, folder) {
      const out = join(folder, "run");
      const program = new Program(pretrain(world.data, method, out));
      const checkpoints = join(out, "checkpoints");
      await program.until(() => existsSync(checkpoints));
      let seen = 0;
      const watcher = watch(checkpoints, (kind) => {
        if (kind === "rename") seen++;
        if (seen === event) setTimeout(() => program.kill("SIGKILL"), wait);
      });
      await program.ended;
      watcher.close();
      return finish(world, method, out);
    },
  };
}

/** Resumes a killed run to its end. */
async function finish(world: World, method: Method, out: string): Promise<string> {
  const files = existsSync(join(out, "checkpoints")) ? readdirSync(join(out, "checkpoints")) : [];
  const reached = stepsOf(out).length;
  // Killed before run.json was written there is no run yet: the same command begins it.
  const begun = existsSync(join(out, "run.json"));
  const ended = await run(begun ? resume(out) : pretrain(world.data, method, out));
  succeeded(ended);
  equalsWhole(out, world.whole[method]);
  const torn = files.filter((name) => name.endsWith(".tmp")).length;
  const done = ended.err.includes("has already done") && "its end";
  const start = done || (/, from step (\d+)/.exec(ended.err)?.[1] ?? (begun ? "0" : "the beginning"));
  return `killed at step ${reached}${torn ? ` with ${torn} unfinished files` : ""}, resumed from ${start}: equal to the bit`;
}

function duringProbe(i: number, wait: number): Case {
  return {
    name: `SIGKILL ${wait} ms into probe (${i + 1})`,
    async run(world, folder) {
      const out = copyOf(world.finished, join(folder, "run"));
      const program = new Program(["probe", out]);
      await new Promise((done) => setTimeout(done, wait));
      program.kill("SIGKILL");
      await program.ended;
      const file = join(out, "eval", "linear.json");
      const when = program.over ? scores(file) : "";
      expect(when === scores(join(world.finished, "eval", "linear.json")), "Expected the old or the new scores whole");
      succeeded(await run(["probe", out]));
      expect(scores(file) === when, "Expected the same scores once more");
      equalsWhole(out, world.whole.mae);
      return "the scores before it stayed whole; probing again gives the same";
    },
  };
}

/** What a probe found, without what a clock measures. */
function scores(file: string): string {
  const { seconds, ...rest } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  return (
    JSON.stringify(rest, (key, value: unknown) => (/seconds|^data$|_s$/.test(key) ? undefined : value)) + typeof seconds
  );
}

function duringReport(i: number, wait: number): Case {
  return {
    name: `SIGKILL ${wait} ms into report (${i + 1})`,
    async run(world, folder) {
      const page = join(folder, "report.html");
      const program = new Program(["report", world.finished, "-o", page]);
      await new Promise((done) => setTimeout(done, wait));
      program.kill("SIGKILL");
      const { signal } = await program.ended;
      const whole = () => /<\/html>\s*$/.test(readFileSync(page, "utf8"));
      expect(!existsSync(page) || whole(), "Expected no report or a whole one, got a part of one");
      succeeded(await run(["report", world.finished, "-o", page]));
      expect(whole(), "Expected a whole report");
      const left = readdirSync(folder).filter((name) => name !== "report.html");
      expect(left.length === 0, `Expected nothing beside the report, got ${left}`);
      return `${signal ? "killed" : "it was done by then"}: no part of a page; reporting again works`;
    },
  };
}

/** The promise in its hardest form: three kills of one run. */
function chain(): Case {
  return {
    name: "SIGKILL at steps 7, 19 and 33 of one run",
    async run(world, folder) {
      const out = join(folder, "run");
      for (const [i, step] of [7, 19, 33].entries()) {
        const program = new Program(i === 0 ? pretrain(world.data, "mae", out) : resume(out));
        await program.until(() => (stepsOf(out).at(-1) ?? 0) >= step);
        program.kill("SIGKILL");
        await program.ended;
      }
      succeeded(await run(resume(out)));
      equalsWhole(out, world.whole.mae);
      return `sha256 of the weights ${world.whole.mae.weights.slice(0, 16)}…, as without kills`;
    },
  };
}
