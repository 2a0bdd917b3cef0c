// Training as a program calls it: events, its own signal to stop, errors in its listeners.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { memory } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { InterruptedError } from "../base/errors.ts";
import { stepOf } from "../run/checkpoint-files.ts";
import { RunDirectory } from "../run/directory.ts";
import { writeImages } from "../testing/data.ts";
import { losses, MAE, SIMCLR, trainingFolder, weights } from "../testing/training.ts";
import type { TrainEvent } from "./pretrain.ts";

const folder = trainingFolder();
const { train } = folder;

describe("pretrain called by a program", () => {
  it("tells of each step and of what happens, and keeps nothing of the command line", async () => {
    const rows: number[] = [];
    const events: TrainEvent[] = [];
    const { info, run, log } = await train("a", MAE, {
      onStep: ({ step }) => rows.push(step),
      onEvent: (event) => events.push(event),
    });
    expect(rows).toEqual([1, 2, 3, 4, 5, 6]);
    const of = (type: TrainEvent["type"]) => events.filter((event) => event.type === type);
    expect(events[0]).toMatchObject({ type: "begin", run, step: 0, total: 6 });
    expect(of("checkpoint")).toEqual([3, 6].map((step) => ({ type: "checkpoint", step })));
    expect(events.at(-1)).toEqual({ type: "end", step: 6, status: "done" });
    for (const event of of("log")) expect(log).toContain(event.type === "log" && event.text);
    expect([info.command, info.commit]).toEqual(["pretrain() of a program", null]);
    expect(JSON.stringify(info)).not.toContain("vitest");
  });

  const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const listening = () => SIGNALS.map((signal) => process.listenerCount(signal));

  it("leaves the process's signals alone, whether it is given one of its own or none", async () => {
    const before = listening();
    const heard: number[][] = [];
    const onStep = () => heard.push(listening());
    await train("a", { ...MAE, steps: 1 }, { onStep });
    await train("b", { ...MAE, steps: 1 }, { onStep, signal: new AbortController().signal });
    expect(heard).toEqual([before, before]);
    await train("c", { ...MAE, steps: 1 }, { onStep, processSignals: true });
    expect(heard[2]).toEqual(before.map((count) => count + 1));
    expect(listening()).toEqual(before);
  });

  it("finishes the step and saves when it is asked to stop, and names no command line", async () => {
    const controller = new AbortController();
    const part = await train("a", MAE, {
      signal: controller.signal,
      onStep: ({ step }) => {
        if (step === 2) controller.abort();
      },
    });
    expect([part.interrupted, part.info.status, part.result.steps]).toEqual([true, "interrupted", 2]);
    expect(part.log).toContain("Finishing this step, then saving.\n");
    expect(part.log).toMatch(/\nSaved step 2 of 6\.\n$/);
    const again = await train("a", {}, { resume: true });
    await train("whole", MAE);
    expect(weights(again.run)).toBe(weights(join(folder.path, "whole")));
  });

  it("leaves nothing behind where it is stopped before it begins", async () => {
    const stopped = train("a", MAE, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toThrow(InterruptedError);
    expect(existsSync(join(folder.path, "a"))).toBe(false);
  });

  const throwing = (when: (event: TrainEvent) => boolean) => (event: TrainEvent) => {
    if (when(event)) throw new Error("no more");
  };
  const left = () => {
    const run = RunDirectory.open(join(folder.path, "a"));
    return [run.info.status, run.info.error, existsSync(join(run.path, "lock"))];
  };

  it("ends as failed where a listener throws, with its last checkpoint kept", async () => {
    const failing = train("a", MAE, {
      onStep: ({ step }) => {
        if (step === 4) throw new Error("no more");
      },
    });
    await expect(failing).rejects.toThrow("no more");
    expect(left()).toEqual(["failed", "no more", false]);
    expect(RunDirectory.open(join(folder.path, "a")).damage(stepOf)).toBeNull();
  });

  /** With classes, so that an online probe learns beside it. */
  const labelled = async () => {
    const root = join(folder.path, "labelled");
    const names = ["ant", "bee"].flatMap((name) => Array.from({ length: 4 }, (_, i) => `${name}/${i}.png`));
    await writeImages(root, names, 40);
    return root;
  };

  it.each(["begin", "log", "checkpoint"])(
    "ends as failed where a listener throws at %s, and leaves nothing in memory",
    async (type) => {
      const root = await labelled();
      await train("warm", { ...SIMCLR, steps: 1 }, { data: root });
      const { liveTensors } = memory();
      const onEvent = throwing((event) => event.type === type);
      await expect(train("a", { ...SIMCLR, steps: 1 }, { data: root, onEvent })).rejects.toThrow("no more");
      expect(left()).toEqual(["failed", "no more", false]);
      expect(memory().liveTensors).toBeLessThanOrEqual(liveTensors);
    },
  );

  it("stays done, or interrupted, where a listener throws once that is saved", async () => {
    const controller = new AbortController();
    const stopped = train("a", MAE, {
      signal: controller.signal,
      onStep: () => controller.abort(),
      onEvent: throwing((event) => event.type === "log" && event.text.startsWith("Saved step")),
    });
    await expect(stopped).rejects.toThrow("no more");
    expect(left()).toEqual(["interrupted", undefined, false]);
    const ending = train("a", {}, { resume: true, onEvent: throwing(({ type }) => type === "end") });
    await expect(ending).rejects.toThrow("no more");
    expect(left()).toEqual(["done", undefined, false]);
  });

  it("notes why where a run that was killed cannot be restored, and leaves a finished one as it was", async () => {
    const root = await labelled();
    const { run } = await train("a", { ...SIMCLR, steps: 1 }, { data: root });
    const directory = RunDirectory.open(run);
    const { liveTensors } = memory();
    for (const status of ["done", "running"] as const) {
      directory.update({ status });
      writeFileSync(directory.weights, "half");
      const resumed = train("a", { steps: 4 }, { data: root, resume: true });
      await expect(resumed).rejects.toThrow("got none: last.safetensors is damaged");
      expect(memory().liveTensors).toBeLessThanOrEqual(liveTensors);
      expect(left()[0]).toBe(status === "done" ? "done" : "failed");
    }
  });

  it("ends without writing anything where another process has taken its place", async () => {
    const out = join(folder.path, "a");
    const other = JSON.stringify({ pid: process.ppid, host: hostname(), start: new Date().toISOString() });
    const kept = () =>
      [join(out, "run.json"), RunDirectory.open(out).weights].map((file) => readFileSync(file, "utf8"));
    let before: string[] = [];
    const losing = train("a", MAE, {
      onStep: ({ step }) => {
        if (step !== 4) return;
        writeFileSync(join(out, "lock"), other);
        before = kept();
      },
    });
    await expect(losing).rejects.toThrow(
      `Expected ${out} to be still this process's, got process ${process.ppid} on ${hostname()}, begun 0 min ago`,
    );
    expect(kept()).toEqual(before);
    expect(losses(out)).toHaveLength(4);
    expect(readFileSync(join(out, "lock"), "utf8")).toBe(other);
  });
});
