// What the server tells pages of runs: types alone, so that both sides can have them.

/**
 * What becomes of a run. `live`: a process trains in it now; `stale`: it says that it is running, and nobody does that any more;
 * `unread`: its run.json cannot be read.
 */
export type RunState = "live" | "stale" | "done" | "interrupted" | "failed" | "unread";

/** A share of right answers. */
export interface Told {
  /** In [0, 1]. */
  top1: number;
  /** The same for the encoder that the run began with; null where that was not measured. */
  untrained: number | null;
  /** Measured while it trains, on a few images; not by an evaluation. */
  online: boolean;
}

/** A verdict without labels. */
export interface HealthTold {
  verdict: string;
  /** One sentence. */
  text: string;
}

/** One run in the table. */
export interface RunRow {
  /** Twelve hexadecimal digits, by its place on the disk. */
  id: string;
  /** Unique among the runs shown. */
  name: string;
  /** The comparison that it is of, by the name of its folder; null where it is of none. */
  group: string | null;
  /** The folder, as a person would type it. */
  dir: string;
  state: RunState;
  /** Why it cannot be read, or how it failed. */
  problem: string | null;
  /** A process has its lock: which, in words. */
  trainer: string | null;
  /** The method's name in commands; empty where unread. */
  method: string;
  /** The method's name for people. */
  title: string;
  encoder: string;
  /** The data set's last folder. */
  data: string;
  seed: number | null;
  /** Steps done. */
  step: number;
  /** Steps that it is to have; null where unknown. */
  total: number | null;
  epoch: number | null;
  /** Of training so far. */
  seconds: number | null;
  /** Seconds to its end at the pace of its last steps; null unless it is live. */
  eta: number | null;
  /** Images a second, of its last steps. */
  rate: number | null;
  loss: number | null;
  /** The loss from the beginning to now, thinned: means over stretches. */
  spark: number[];
  health: HealthTold | null;
  probe: Told | null;
  knn: Told | null;
  /** ISO 8601. */
  created: string | null;
}

/** All of them. */
export interface RunsMessage {
  runs: RunRow[];
  /** The folders that are looked through, as they were given. */
  folders: string[];
  /** Still looking for runs for the first time. */
  looking: boolean;
  /** What was left out, a line each. */
  notes: string[];
  /** How often news of runs had been told by then: what comes with a higher number is newer than this. */
  told: number;
}

/** Part of what an evaluation found. */
export interface ScoreLine {
  /** Words for the protocol: `linear probe`. */
  protocol: string;
  /** Words for the score: `top-1`. */
  score: string;
  trained: number | null;
  interval: readonly [number, number] | null;
  untrained: number | null;
  pixels: number | null;
  /** What one gets by always naming the commonest class, or by chance. */
  chance: number | null;
  /** Images that were judged. */
  images: number;
  /** The training step that the encoder was of. */
  step: number | null;
}

/** A run's page. */
export interface RunDetail {
  row: RunRow;
  config: Record<string, unknown>;
  /** Pairs for a list of facts. */
  facts: readonly (readonly [name: string, value: string])[];
  /** What a run that knows nothing loses, and the least that there is. */
  chance: number | null;
  floor: number | null;
  /** What the curve of the loss shows. */
  lossWords: string | null;
  stepsPerEpoch: number | null;
  /** Images a step. */
  batch: number | null;
  /** The most main memory that it took, MB; null until it has ended once. */
  peakMb: number | null;
  /** Main memory of the process that trains now, MB; null where there is none to be seen. */
  memory: { now: number; peak: number } | null;
  /** Why preset auto chose what it did. */
  chosen: string[];
  /** How its images were understood. */
  understood: string[];
  notes: string[];
  /** What is damaged, a line each. */
  damage: string[];
  scores: ScoreLine[];
  skipped: { count: number; first: { path: string; reason: string }[] };
  /** What one can do next. */
  commands: { what: string; line: string }[];
  /** Pictures of a masked method's last look; names below pictures/. */
  pictures: { size: number; items: { original: string; masked: string; reconstructed: string }[] } | null;
}

/** A series, thinned so that every extreme is in it. */
export interface CurveMessage {
  /** [step, value], ascending. */
  points: (readonly [step: number, value: number])[];
  /** Means over stretches of steps, of one length; null where every value is a point. */
  means: (readonly [step: number, value: number])[] | null;
  /** Values seen. */
  count: number;
  /** Values that were not a number, and the first one's step. */
  broken: number;
  brokenAt: number | null;
}

/** One run's series. */
export interface RunCurves {
  id: string;
  /** By metric: `train/loss`, …, and `seconds` over steps. */
  series: Record<string, CurveMessage>;
  /** Every metric that there is. */
  keys: string[];
  /** Images a step; null where unknown. */
  batch: number | null;
  /** How much of the file has been read, in [0, 1]. */
  read: number;
  /** Lines that a crash tore. */
  torn: number;
}

/** What runs were set to. */
export interface SettingsMessage {
  runs: { id: string; settings: Record<string, unknown> }[];
}

/** What the line of events carries. */
export type StudioEvent =
  /** The line is open; `told` as RunsMessage has it. */
  | { type: "hello"; version: string; told: number }
  /** Rows that are new or changed, and ids of those that are gone; `told` counts these messages. */
  | { type: "runs"; rows: RunRow[]; gone: string[]; looking: boolean; notes: string[]; told: number }
  /** Something is new there: `run:ID`, or a part's own word. */
  | { type: "topic"; topic: string };
