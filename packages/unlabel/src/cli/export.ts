// unlabel export RUN --to PROGRAM -o DIR: the encoder as other programs read it.
import { type Command, Option } from "commander";
import { UsageError } from "../base/errors.ts";
import { bytesInWords, counted, visible } from "../base/text.ts";
import { type ExportOptions, PRECISIONS, SAMPLES, TARGETS } from "../export/options.ts";
import { finish, paint, table } from "./output.ts";
import { named, whole } from "./settings.ts";

interface Options {
  to: ExportOptions["to"];
  output: string;
  precision?: ExportOptions["precision"];
  size?: string;
  raw?: boolean;
  withPreprocessing?: boolean;
  samples?: ExportOptions["samples"];
  license?: string;
  force?: boolean;
  json?: boolean;
}

/** The edge of an image that anybody encodes. */
const MOST_SIZE = 8192;

export function addExport(program: Command): void {
  program
    .command("export")
    .description("write the encoder for other programs: ONNX Runtime and browsers, timm, transformers, torchvision")
    .argument("<run>", "run directory")
    .addOption(new Option("--to <program>", "for which").choices(TARGETS).makeOptionMandatory())
    .requiredOption("-o, --output <folder>", "where to write: new, empty, or an earlier export", named)
    .addOption(new Option("--precision <format>", "of an ONNX file (default: fp32)").choices(PRECISIONS))
    .option("--size <px>", "edge of what the encoder sees (default: as for evaluation)")
    .option("--with-preprocessing", "ONNX: only the file that takes images as they are (default: both)")
    .option("--raw", "ONNX: only the file that takes normalised pixel_values")
    .addOption(
      new Option("--samples <type>", "ONNX: type of an image's samples (default: by the run)").choices(SAMPLES),
    )
    .option(
      "--license <id>",
      "the weights' licence, such as cc-by-nc-4.0 (default: that of what it began with, else unknown)",
    )
    .option("--force", "write among other files of the folder, replacing those of the same names")
    .action((run: string, _: Options, command: Command) => exportCommand(run, command.optsWithGlobals<Options>()));
}

async function exportCommand(run: string, options: Options): Promise<void> {
  const { to, output: out, precision, raw, withPreprocessing, samples, license, force } = options;
  if (raw && withPreprocessing) {
    throw new UsageError("Expected --raw or --with-preprocessing, got both; leave both out to have both files");
  }
  const preprocessing = raw ? "without" : withPreprocessing ? "with" : undefined;
  const size = options.size === undefined ? undefined : whole("--size", options.size, 1, MOST_SIZE);
  const { exportEncoder } = await import("../export/export.ts");
  const done = await exportEncoder(run, { to, out, precision, size, preprocessing, samples, license, force });
  const { files, notes, weightsAverage, ...rest } = done;
  finish(options.json === true, { ...rest, weights_average: weightsAverage, files, notes }, [
    `${counted(files.length, "file")} for ${to} in ${paint("bold", visible(out))}, images at ${done.size} px, step ${done.step}`,
    table(files.map(({ path, bytes }) => [path, bytesInWords(bytes)])),
    ...notes.map((note) => `note: ${note}`),
    ...(done.license === "unknown" ? ["note: the licence is unknown; --license names it"] : []),
  ]);
}
