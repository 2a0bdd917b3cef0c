// `--profile`: where the time of a few training steps goes, by phase and by operator, and what the bridge to LibTorch costs.
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type ProfileEvent, startProfile, stopProfile } from "@unlabel/torch";
import { writeAtomically } from "../base/files.ts";
import { table } from "../base/table.ts";

/** Steps before recording begins (the first ones build caches), and steps recorded. */
const WARM_UP = 3;
const STEPS = 10;
/** Operators listed. */
const LISTED = 14;

/** Time of one operator in one phase, its own only: what it calls has lines of its own. */
export interface OperatorTime {
  name: string;
  phase: string;
  /** Per step. */
  calls: number;
  ms: number;
}

/** Milliseconds of a step. */
export interface StepProfile {
  steps: number;
  step_ms: number;
  /** data: waiting for the batch; then the sections of a step; rest: everything between them. */
  phases: { name: string; ms: number }[];
  /** Of the step's sections other than backward, what is not spent in LibTorch's operators: JavaScript and the calls into LibTorch. */
  bridge_ms: number;
  operators: OperatorTime[];
}

/** Records steps of a running training; hand it each step's end. */
export class Profiler {
  readonly #folder: string;
  readonly #log: (line: string) => void;
  #seen = 0;
  #began = 0;
  #waited = 0;

  /** @param folder where profile.json and trace.json go: the run directory */
  constructor(folder: string, log: (line: string) => void) {
    this.#folder = folder;
    this.#log = log;
  }

  /** A step has ended. @param waited milliseconds that it waited for its batch */
  stepDone(waited: number): void {
    this.#seen++;
    if (this.#seen > WARM_UP) this.#waited += waited;
    if (this.#seen === WARM_UP) {
      startProfile();
      this.#began = performance.now();
    }
    if (this.#seen === WARM_UP + STEPS) this.#finish(STEPS);
  }

  /** Training has ended, perhaps before enough steps were recorded. */
  end(): void {
    if (this.#seen <= WARM_UP) {
      if (this.#seen === WARM_UP) stopProfile();
      this.#log(`No profile: it needs more than ${WARM_UP} steps`);
    } else if (this.#seen < WARM_UP + STEPS) this.#finish(this.#seen - WARM_UP);
  }

  #finish(steps: number): void {
    const wall = performance.now() - this.#began;
    const events = stopProfile();
    const profile = summarize(events, { steps, wall, waited: this.#waited });
    writeAtomically(join(this.#folder, "profile.json"), `${JSON.stringify(profile, null, 2)}\n`);
    writeAtomically(join(this.#folder, "trace.json"), `${JSON.stringify(chromeTrace(events))}\n`);
    for (const line of lines(profile)) this.#log(line);
    this.#log(`Every call: ${join(this.#folder, "trace.json")}, for chrome://tracing or ui.perfetto.dev`);
  }
}

/**
 * Sums events up.
 *
 * @param events as `stopProfile` returns them
 * @param about steps recorded, and milliseconds: `wall` in all, `waited` for batches
 */
export function summarize(
  events: readonly ProfileEvent[],
  about: { steps: number; wall: number; waited: number },
): StepProfile {
  const { steps, wall, waited } = about;
  const perStep = (microseconds: number) => microseconds / 1000 / steps;
  const sections = events.filter(({ kind }) => kind === "section");
  const phaseAt = (start: number) =>
    sections.find((one) => one.start <= start && start < one.start + one.duration)?.name ?? "rest";
  const phases = new Map<string, number>();
  for (const { name, duration } of sections) phases.set(name, (phases.get(name) ?? 0) + duration);

  const operators = new Map<string, OperatorTime>();
  const within = new Map<string, number>(); // time in outermost operators, by phase
  const open = new Map<number, { end: number; time: OperatorTime }[]>(); // by thread
  for (const { name, kind, thread, start, duration } of events) {
    if (kind === "section") continue;
    const stack = open.get(thread) ?? [];
    open.set(thread, stack);
    while (stack.length > 0 && stack.at(-1)!.end <= start) stack.pop();
    const outer = stack.at(-1);
    const phase = outer?.time.phase ?? phaseAt(start);
    const key = `${phase} ${name}`;
    const time = operators.get(key) ?? { name, phase, calls: 0, ms: 0 };
    operators.set(key, time);
    time.calls++;
    time.ms += perStep(duration);
    if (outer) outer.time.ms -= perStep(duration);
    else within.set(phase, (within.get(phase) ?? 0) + duration);
    stack.push({ end: start + duration, time });
  }

  const sectioned = [...phases].map(([name, duration]) => ({ name, ms: perStep(duration) }));
  const rest = (wall - waited) / steps - sectioned.reduce((sum, { ms }) => sum + ms, 0);
  const bridge = [...phases]
    .filter(([name]) => name !== "backward")
    .reduce((sum, [name, duration]) => sum + duration - (within.get(name) ?? 0), 0);
  return {
    steps,
    step_ms: wall / steps,
    phases: [{ name: "data", ms: waited / steps }, ...sectioned, { name: "rest", ms: rest }],
    bridge_ms: perStep(bridge),
    operators: [...operators.values()]
      .map((time) => ({ ...time, calls: time.calls / steps }))
      .sort((a, b) => b.ms - a.ms),
  };
}

function lines({ steps, step_ms, phases, bridge_ms, operators }: StepProfile): string[] {
  const row = (ms: number) => [ms.toFixed(2), `${((100 * ms) / step_ms).toFixed(1)} %`];
  return [
    `Profile of ${steps} ${steps === 1 ? "step" : "steps"}, milliseconds a step:`,
    ...table([
      ["phase", "ms", "share"],
      ...phases.map(({ name, ms }) => [name, ...row(ms)]),
      ["all", ...row(step_ms)],
      ["of which bridge", ...row(bridge_ms)],
    ]).split("\n"),
    ...table([
      ["operator (its own time)", "phase", "calls", "ms", "share"],
      ...operators
        .slice(0, LISTED)
        .map(({ name, phase, calls, ms }) => [name, phase, String(Math.round(calls * 10) / 10), ...row(ms)]),
    ]).split("\n"),
  ];
}

/** The Trace Event Format that Chrome and Perfetto read: complete events, times in microseconds. */
function chromeTrace(events: readonly ProfileEvent[]) {
  const from = events[0]?.start ?? 0;
  const traceEvents = events.map(({ name, kind, thread, start, duration }) => ({
    name,
    cat: kind,
    ph: "X",
    pid: 0,
    tid: thread,
    ts: Math.round((start - from) * 10) / 10,
    dur: Math.round(duration * 10) / 10,
  }));
  return { traceEvents, displayTimeUnit: "ms" };
}
