// unlabel probe RUN: how well a linear layer reads classes off a run's frozen features.
import type { Command } from "commander";
import { finish, paint, percent, table } from "./output.ts";

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
  const short = ({ top1, top5, f1 }: { top1: number; top5: number; f1: number }) => ({ top1, top5, f1 });
  const baselines = { untrained: short(found.untrained), ...(found.pixels && { pixels: short(found.pixels) }) };
  finish(
    options.json === true,
    {
      protocol: found.protocol,
      ...short(found),
      train_images: found.train_images,
      val_images: found.val_images,
      classes: found.classes.length,
      ...baselines,
      run: path,
      step: found.step,
      notes: found.notes,
    },
    [
      table([
        ["linear probe", "top-1", "top-5", "F1"],
        ...Object.entries({ trained: found, ...baselines }).map(([name, { top1, top5, f1 }]) => [
          name,
          percent(top1),
          percent(top5),
          percent(f1),
        ]),
      ]),
      `${paint("bold", path)}: ${found.classes.length} classes, fitted on ${found.train_images} images, scored on ${found.val_images}`,
    ],
  );
}
