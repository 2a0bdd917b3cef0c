// Where the time goes: every operator that LibTorch runs, forward and backward, and sections that a program names itself.
import { guarded, synchronous } from "./errors.ts";
import { native } from "./native.ts";

/** One thing that ran while a profile was recorded. */
export interface ProfileEvent {
  /** An operator (`aten::conv2d`), a step of backward (`ConvolutionBackward0`), or a section's own name. */
  name: string;
  /** What ran: one of LibTorch's operators, or a section that the program has named. */
  kind: "operator" | "section";
  /** LibTorch's number of the thread; sections are those of JavaScript's thread, 0. */
  thread: number;
  /** Microseconds, of one clock for all. */
  start: number;
  /** Microseconds. */
  duration: number;
}

let sections: ProfileEvent[] | null = null;

/** Begins to record. Recording costs about a microsecond an operator. @throws {TorchError} where it has begun already */
export function startProfile(): void {
  guarded("startProfile", () => native.profileStart());
  sections = [];
}

/** Ends recording, and returns what ran meanwhile by start; an event ends after those within it. @throws {TorchError} where none has begun */
export function stopProfile(): ProfileEvent[] {
  const { names, events } = guarded("stopProfile", () => native.profileStop());
  const found = sections ?? [];
  sections = null;
  for (let i = 0; i < events.length; i += 4) {
    const name = names[events[i]!]!;
    found.push({
      name,
      kind: "operator",
      thread: events[i + 1]!,
      start: events[i + 2]!,
      duration: events[i + 3]!,
    });
  }
  return found.sort((a, b) => a.start - b.start || b.duration - a.duration);
}

/** Names a stretch of work, for profiles; costs nothing while none is recorded. */
export function recordFunction<T>(name: string, body: () => T): T {
  if (!sections) return body();
  const start = microseconds();
  try {
    return synchronous(body(), "recordFunction");
  } finally {
    sections?.push({ name, kind: "section", thread: 0, start, duration: microseconds() - start });
  }
}

function microseconds(): number {
  return Number(process.hrtime.bigint()) / 1000;
}
