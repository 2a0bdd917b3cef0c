// unlabel label DATA --runs RUN… -o labels.csv: a page on this machine where a person labels images, and sees when these are enough to tell
// which run is better.
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { commandLine, shellWord } from "../base/shell.ts";
import { counted, visible } from "../base/text.ts";
import { addMachine, type EvaluationFlags, given } from "./evaluation.ts";
import { finish, leaveWhenInterrupted, paint } from "./output.ts";
import { named, whole } from "./settings.ts";

interface Options extends EvaluationFlags {
  runs: string[];
  output: string;
  port?: string;
  open?: boolean;
}

export function addLabel(program: Command): void {
  addMachine(
    program
      .command("label")
      .description("label images by hand, until it is settled which run is better")
      .argument("<data>", "images, labelled or not")
      .requiredOption(
        "--runs <run...>",
        "runs, or weights from elsewhere, to compare; with one, images are only labelled",
      )
      .requiredOption("-o, --output <file>", "the labels, a .csv file; one that is there is gone on with", named)
      .option("--port <n>", "port of the page (default: one that is free)")
      .option("--open", "open the page in the browser")
      .option("--seed <n>", "seed of the order in which images are drawn (default: 0)")
      .option("--size <px>", "edge of the images as encoders see them (default: as trained)"),
  ).action((data: string, _: Options, command: Command) => act(data, command.optsWithGlobals<Options>()));
}

async function act(data: string, options: Options): Promise<void> {
  const json = options.json === true;
  const port = options.port === undefined ? 0 : whole("--port", options.port, 0, 65_535);
  const [first] = options.runs;
  const { common } = await given(first!, { ...options, data }, []);
  const [{ openStore }, { openLabelling }, { serveLabelling }, { onFirstSignal }] = await Promise.all([
    import("../label/store.ts"),
    import("../label/open-labelling.ts"),
    import("../studio/label/serve-labelling.ts"),
    import("../base/signals.ts"),
  ]);
  using store = openStore("-o", options.output);
  const labelling = await encoded(json, () => openLabelling(data, store, { ...common, runs: options.runs }));
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  using _ = onFirstSignal(end);
  const { address, close } = await serveLabelling(labelling, port, end);
  const there = store.rows.length > 0 ? `${counted(store.rows.length, "answer")} there already. ` : "";
  process.stderr.write(
    `${there}Label at ${paint("bold", address, process.stderr)}\nCtrl-C ends it; every label is kept\n`,
  );
  if (options.open === true) (await import("../studio/server/browser.ts")).openBrowser(address);
  await over;
  await close();
  // Behind what a terminal echoes of Ctrl-C.
  if (process.stderr.isTTY) process.stderr.write("\n");
  const { output } = options;
  const next = commandLine("evaluate", shellWord(first!), "--data", shellWord(data), "--labels", shellWord(output));
  // The file is there from the first answer on.
  const isThere = existsSync(output);
  finish(json, { labels: isThere ? output : null, data, seed: common.seed ?? 0, ...labelling.outcome }, [
    labelling.summary,
    isThere
      ? `Labels: ${paint("bold", visible(output))}; evaluate with them: ${next}`
      : "Nothing was answered, so no file was written; the same command begins again",
  ]);
}

/** Encodes, which Ctrl-C ends at once: nothing has been labelled yet. */
async function encoded<T>(json: boolean, work: () => Promise<T>): Promise<T> {
  using _ = await leaveWhenInterrupted(json, "Interrupted before anything was asked; the same command begins again");
  return await work();
}
