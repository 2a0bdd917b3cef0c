// unlabel report RUN…: one HTML file from run directories. Needs no LibTorch.
import type { Command } from "commander";
import { visible } from "../base/text.ts";
import { finish, paint } from "./output.ts";

interface Options {
  output: string;
  json?: boolean;
}

export function addReport(program: Command): void {
  program
    .command("report")
    .description("write one self-contained HTML file about runs")
    .argument("<run...>", "run directories")
    .option("-o, --output <file>", "where to write", "report.html")
    .action((runs: string[], _: Options, command: Command) => reportCommand(runs, command.optsWithGlobals<Options>()));
}

async function reportCommand(runs: string[], { output, json }: Options): Promise<void> {
  const { writeReport } = await import("../report/index.ts");
  const { path, bytes, headline, runs: reported, damage, data } = await writeReport(runs, output);
  for (const line of damage) process.stderr.write(`note: ${visible(line)}\n`);
  finish(json === true, { report: path, bytes, headline, runs: reported, data }, [
    headline,
    `Report: ${paint("bold", path)} (${(bytes / 1e6).toFixed(1)} MB)`,
  ]);
}
