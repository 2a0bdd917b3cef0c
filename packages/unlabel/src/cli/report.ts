// unlabel report RUN…: one HTML file from run directories. Needs no LibTorch.
import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { bytesInWords, visible } from "../base/text.ts";
import { finish, leaveWhenInterrupted, paint } from "./output.ts";

interface Options {
  output: string;
  labels?: string;
  data?: string;
  json?: boolean;
}

export function addReport(program: Command): void {
  program
    .command("report")
    .description("write one self-contained HTML file about runs")
    .argument("<run...>", "run directories")
    .option("-o, --output <file>", "where to write", "report.html")
    .option(
      "--labels <file>",
      "first evaluate runs with these labels, where they have not been, as unlabel label writes them",
    )
    .option("--data <source>", "with --labels: the images (default: those that each run was trained on)")
    .action((runs: string[], _: Options, command: Command) => reportCommand(runs, command.optsWithGlobals<Options>()));
}

async function reportCommand(runs: string[], { output, labels, data: images, json }: Options): Promise<void> {
  if (labels !== undefined) {
    // Before the work that it is for.
    (await import("../page/page-file.ts")).pageFile("-o", output);
    using _ = await leaveWhenInterrupted(json === true, "Interrupted; the same command goes on");
    await (await import("../compare/evaluate-with-labels.ts")).evaluateWithLabels(runs, labels, images);
  } else if (images !== undefined) throw new UsageError("Expected --labels FILE with --data, got --data alone");
  const { writeReport } = await import("../report/index.ts");
  const { path, bytes, headline, runs: reported, damage, data } = await writeReport(runs, output);
  for (const line of damage) process.stderr.write(`note: ${visible(line)}\n`);
  finish(json === true, { report: path, bytes, headline, runs: reported, data }, [
    headline,
    `Report: ${paint("bold", path)} (${bytesInWords(bytes)})`,
  ]);
}
