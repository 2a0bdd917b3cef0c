// What a comparison is asked for, and what it comes to.
import type { Report } from "../report/index.ts";
import type { RunInfo } from "../run/directory.ts";
import type { Evaluations } from "../run/evaluations.ts";
import type { TrainEvent } from "../train/pretrain.ts";
import type { ProgressStream } from "../train/progress.ts";
import type { StopSources } from "../train/stop.ts";
import type { MethodsWord } from "./methods.ts";
import type { PlannedRun, Terms } from "./plan.ts";
import type { PlannedShelf } from "./shelf.ts";

/** What to compare, and where to. */
export interface CompareRequest
  extends StopSources,
    Pick<Terms, "data" | "budget">,
    Partial<Omit<Terms, "data" | "methods" | "budget">> {
  /** Names of methods, each once; `all` for every one that there is, `auto` for the three that the measured table puts first for such images. */
  methods: readonly string[] | MethodsWord;
  /** Folder for the runs. */
  out: string;
  /** The report's file. */
  report: string;
  /** Whether images without labels are refused, which are otherwise looked at without. */
  expectLabels?: boolean;
  /** A file of labels that stand in place of those of the images, for evaluation; more labels by the next time are evaluated with anew. */
  labels?: string | undefined;
  /** The command line that goes on with it after an interruption, for the log; by default it says none. */
  goOn?: string | null;
  /** Where progress goes; by default stderr. */
  stream?: ProgressStream;
  /** Measures a few steps of each method first, and says how long all of it will take here. */
  forecast?: boolean;
  /** Called while a run trains; `run` is its name. */
  onEvent?: ((event: TrainEvent, run: string) => void) | undefined;
  /** The command line that each run.json keeps. */
  command?: string;
  /** Commit of the project that it is called in, for each run.json. */
  commit?: string | null;
}

/** A run of a comparison, and what it came to. */
export interface ComparedRun extends PlannedRun {
  /** The run directory. */
  run: string;
  /** run.json; null where it failed before it began. */
  info: Readonly<RunInfo> | null;
  /** What its evaluation found; empty where it did not come to that. */
  evaluations: Evaluations;
}

/** What a comparison came to. */
export interface Compared {
  /** The report that was written. */
  report: Report;
  /** Folder of the runs. */
  out: string;
  /** Every run, those that failed among them. */
  runs: ComparedRun[];
  /** Every encoder off the shelf, those that failed among them; none without `beside`. */
  beside: ComparedShelf[];
}

/** An encoder off the shelf beside the runs of a comparison, and what it came to. */
export interface ComparedShelf extends PlannedShelf {
  /** Its folder. */
  folder: string;
  /** What its evaluation found; empty where it did not come to that. */
  evaluations: Evaluations;
}
