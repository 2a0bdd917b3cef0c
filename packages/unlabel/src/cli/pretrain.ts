// unlabel pretrain DATA: trains an encoder on unlabelled images.
import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { commandLine, launchedBy, shellWord } from "../base/shell.ts";
import { counted } from "../base/text.ts";
import { called } from "./called.ts";
import { duration, finish, leaveWhenInterrupted, paint } from "./output.ts";
import { addSettings, flagsGiven, named } from "./settings.ts";

interface Options extends Record<string, unknown> {
  config?: string;
  out?: string;
  resume?: boolean | string;
  profile?: boolean;
  json?: boolean;
}

export function addPretrain(program: Command): void {
  addSettings(
    program
      .command("pretrain")
      .description("train an encoder on unlabelled images")
      .argument("[data]", "folder of images"),
  )
    .option("--out <dir>", "run directory (default: runs/METHOD-PRESET-TIME)", named)
    .option("--resume [auto]", "continue the run in --out where it stopped; =auto: or begin it")
    .option("--profile", "print where the time of ten steps goes, by phase and operator")
    .action((data: string | undefined, _: Options, command: Command) =>
      pretrainCommand(data, command.optsWithGlobals<Options>()),
    );
}

async function pretrainCommand(data: string | undefined, options: Options): Promise<void> {
  const [{ parseValue, readSettings }, { pretrain }] = await Promise.all([
    import("../config/files.ts"),
    import("../train/pretrain.ts"),
  ]);
  const { resume, folder } = resumeOf(options.resume, data);
  const flags = Object.fromEntries(
    Object.entries(flagsGiven(options)).map(([key, text]) => [key, PATHS.has(key) ? pathOf(text) : parseValue(text)]),
  );
  const file =
    options.config === undefined ? undefined : { name: options.config, settings: readSettings(options.config) };
  // Until training listens itself: nothing is there yet that could be saved.
  using _early = await leaveWhenInterrupted(
    options.json === true,
    "Interrupted before training began; nothing was saved",
  );
  const outcome = await pretrain({
    data: folder,
    settings: { file, flags },
    out: options.out,
    resume,
    profile: options.profile === true,
    goOn: (run) => commandLine(...launchedBy(), "pretrain", "--resume", "--out", shellWord(run)),
    ...called(),
  });
  const { run, result, info } = outcome;
  finish(
    options.json === true,
    {
      run,
      method: info.method,
      understood: info.data.understood ?? [],
      steps: result.steps,
      images_per_s: result.images_per_s,
      step_s: result.step_s,
      loss_first: result.loss_first,
      loss_last: result.loss_last,
      chance: info.chance,
      peak_mb: result.peak_mb,
      precision: info.precision,
      threads: info.threads,
      engine: info.versions.libtorch,
      skipped: result.skipped,
      ...(info.init && { init: info.init }),
      ...(info.teacher && { teacher: info.teacher }),
      ...(info.start && { start: info.start }),
    },
    [
      `${paint("bold", run)}: ${counted(result.steps, "step")} in ${duration(result.seconds)}, ${result.images_per_s.toFixed(1)} images/s, loss ${result.loss_first.toFixed(4)} → ${result.loss_last.toFixed(4)}`,
      ...(result.skipped > 0 ? [`${counted(result.skipped, "image")} could not be read: see skipped.jsonl there`] : []),
      ...(info.health && info.health.verdict !== "too-early" ? [info.health.text] : []),
      ...(outcome.interrupted ? [] : [`Next: ${commandLine("evaluate", shellWord(run))}`]),
    ],
  );
  if (outcome.interrupted) process.exitCode = 130;
}

/** Settings that say where something lies. */
const PATHS = new Set(["init", "teacher"]);

/** A folder may be called 2024 or true. */
function pathOf(text: string): string | null {
  return text === "null" ? null : text;
}

/** A word after `--resume` is its value to the parser, though it may be the folder of images. */
function resumeOf(
  given: boolean | string | undefined,
  data: string | undefined,
): { resume: boolean | "auto"; folder: string | undefined } {
  if (given === "auto") return { resume: "auto", folder: data };
  if (typeof given !== "string") return { resume: given === true, folder: data };
  if (data === undefined) return { resume: true, folder: given };
  throw new UsageError(`Expected --resume or --resume=auto, got ${given} after it; name the images once`);
}
