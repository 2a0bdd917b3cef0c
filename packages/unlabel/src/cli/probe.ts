// unlabel probe RUN: how well a linear layer reads classes off a run's frozen features, beside what needed no training.
import type { Command } from "commander";
import type { Evaluation, Score } from "../eval/probe.ts";
import { duration, finish, paint, percent, table } from "./output.ts";

interface Options extends Record<string, unknown> {
  data?: string;
  pixels: boolean;
  allowClassMismatch?: boolean;
  json?: boolean;
}

const SETTINGS = ["epochs", "batch", "lr", "seed", "threads", "device", "precision"] as const;

export function addProbe(program: Command): void {
  program
    .command("probe")
    .description("fit a linear classifier on frozen features and score it")
    .argument("<run>", "run directory")
    .option("--data <dir>", "labelled images (default: those that the run was trained on)")
    .option("--epochs <n>", "passes over the features")
    .option("--batch <n>", "features a step")
    .option("--lr <rate>", "peak learning rate (default: chosen on a tenth of the training images)")
    .option("--seed <n>", "seed of the probe (default: the run's)")
    .option("--threads <n|auto>", "threads that compute")
    .option("--device <auto|cpu|cuda[:N]|mps>", "where to compute")
    .option("--precision <auto|fp32|bf16>", "number format of the encoder's arithmetic")
    .option("--no-pixels", "leave out the baseline on raw pixels")
    .option("--allow-class-mismatch", "go on where val has classes that train lacks")
    .action((run: string, _: Options, command: Command) => probeCommand(run, command.optsWithGlobals<Options>()));
}

async function probeCommand(path: string, options: Options): Promise<void> {
  const [{ checkSettings, parseValue }, { probeSchema }, { RunDirectory }] = await Promise.all([
    import("../config/resolve.ts"),
    import("../config/probe.ts"),
    import("../train/run.ts"),
  ]);
  const given = Object.fromEntries(
    SETTINGS.flatMap((name) => (typeof options[name] === "string" ? [[name, parseValue(options[name])]] : [])),
  );
  const { threads, device, precision, ...settings } = checkSettings(probeSchema, given);
  const data = options.data ?? RunDirectory.open(path).info.data.root;
  const { probe } = await import("../eval/probe.ts");
  const { pixels, allowClassMismatch } = options;
  const found = await probe(path, data, { settings, threads, device, precision, pixels, allowClassMismatch });
  finish(options.json === true, { ...summary(found), run: path }, lines(path, found));
}

/** The scores as `--json` prints them; everything else stands in eval/linear.json. */
export function summary(evaluation: Evaluation) {
  const { protocol, train_images, val_images, classes, untrained, pixels, step, notes } = evaluation;
  const short = ({ top1, top5, f1 }: Score) => ({ top1, top5, f1 });
  return {
    protocol,
    ...short(evaluation),
    train_images,
    val_images,
    classes: classes.length,
    untrained: short(untrained),
    ...(pixels && { pixels: short(pixels) }),
    step,
    notes,
  };
}

/** Plain words where the trained encoder is no better than what needed no training. */
export function verdicts({ top1, untrained, pixels }: Pick<Evaluation, "top1" | "untrained" | "pixels">): string[] {
  const rivals = [["the untrained encoder", untrained] as const, ...(pixels ? [["raw pixels", pixels] as const] : [])];
  return rivals
    .filter(([, rival]) => top1 <= rival.top1)
    .map(([name, rival]) => `not above ${name}: ${percent(top1)} against ${percent(rival.top1)} top-1`);
}

function lines(path: string, evaluation: Evaluation): string[] {
  const { train_images, val_images, classes, step, seconds, untrained, pixels, notes, per_class } = evaluation;
  const row = (name: string, { top1, top5, f1 }: Score) => [name, percent(top1), percent(top5), percent(f1)];
  const seen = per_class.filter(({ support }) => support > 0).toSorted((a, b) => b.f1 - a.f1);
  // ImageNet's names list synonyms after a comma; the first is enough here.
  const named = (scores: typeof seen) =>
    scores.map(({ name, f1 }) => `${name.split(",")[0]} ${percent(f1)}`).join(", ");
  return [
    `${paint("bold", path)}: step ${step}, ${classes.length} classes, fitted on ${train_images} images, scored on ${val_images} (${duration(seconds)})`,
    table([
      ["linear probe", "top-1", "top-5", "macro-F1"],
      row("trained encoder", evaluation),
      row("untrained encoder", untrained),
      ...(pixels ? [row("raw pixels", pixels)] : []),
    ]),
    ...(seen.length > 6
      ? [`strongest by F1: ${named(seen.slice(0, 3))}`, `weakest by F1: ${named(seen.slice(-3).reverse())}`]
      : [`by F1: ${named(seen)}`]),
    ...verdicts(evaluation),
    ...notes.map((note) => `note: ${note}`),
  ];
}
