// The command line: names the commands, loads each one's work only when it is called, and turns every error into one
// line on stderr and an exit code (0 done, 1 failed, 2 usage, 130 interrupted).
import { Command, CommanderError } from "commander";
import { visible } from "../base/text.ts";
import { versionOfUnlabel } from "../base/version.ts";
import { listenToOpening } from "../data/opening.ts";
import type { Ranks } from "../train/ranks.ts";
import { parseTimeout } from "../train/ranks-env.ts";
import { addCompare } from "./compare.ts";
import { addData } from "./data.ts";
import { addDemo } from "./demo.ts";
import { addDoctor } from "./doctor.ts";
import { addEmbed } from "./embed.ts";
import { addEvaluate } from "./evaluate.ts";
import { addExport } from "./export.ts";
import { addKnn } from "./knn.ts";
import { addLabel } from "./label.ts";
import { addLaunch, cutLaunch } from "./launch.ts";
import { OpeningLine } from "./opening-line.ts";
import { leaveWhenInterrupted } from "./output.ts";
import { addPretrain } from "./pretrain.ts";
import { addProbe } from "./probe.ts";
import { endWithLauncher, ownWords, rankFor, SHARED, swallowOutput, workAlone } from "./rank-output.ts";
import { addReport } from "./report.ts";
import { addSearch } from "./search.ts";
import { addSetup } from "./setup.ts";
import { addStudio } from "./studio.ts";
import { addWeights } from "./weights.ts";

/** Commands that work for long and keep nothing before they are done. */
const ENCODES = new Set(["evaluate", "probe", "knn", "embed", "search", "export"]);

const COMMANDS = [
  addSetup,
  addDoctor,
  addData,
  addPretrain,
  addCompare,
  addEvaluate,
  addProbe,
  addKnn,
  addEmbed,
  addSearch,
  addLabel,
  addStudio,
  addExport,
  addReport,
  addWeights,
  addDemo,
];

/** Runs one command line (without `node` and the script's name) and returns its exit code. */
export async function run(args: string[]): Promise<number> {
  survivePipes();
  const launched = cutLaunch(args);
  const asked = launched?.own ?? args;
  const name = commandOf(asked);
  let say = (text: string): void => void process.stderr.write(text);
  let rank: Ranks | null = null;
  let refusal = "";
  const program = new Command("unlabel")
    .description("From a folder of unlabelled images to a trained encoder and an honest report on how good it is.")
    .version(versionOfUnlabel(), "--version", "print the version")
    .option("--json", "make the last line of stdout one JSON object")
    .option("--verbose", "show where an error came from")
    .option(
      "--plugin <file>",
      "a module with methods of your own; repeat it for more",
      (file, before: string[] = []) => [...before, file],
    )
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      outputError: (text) => {
        refusal = oneLine(text);
      },
    })
    .exitOverride()
    .hook("preAction", async (_, command) => {
      const { timeout } = command.opts<{ timeout?: string }>();
      // Where ranks are joined, it is read beside the launchers' own variables.
      if (timeout !== undefined) process.env.UNLABEL_TIMEOUT = String(parseTimeout("--timeout", timeout));
      if (!ENCODES.has(command.name())) return;
      const { json } = command.optsWithGlobals<{ json?: boolean }>();
      await leaveWhenInterrupted(json === true, "Interrupted; the same command begins again");
    });
  try {
    endWithLauncher();
    rank = rankFor(name);
    const isShared = name !== undefined && SHARED.has(name);
    if (rank !== null && rank.rank > 0) {
      say = swallowOutput();
      if (!isShared) return 0;
    }
    if (!isShared && name !== "launch") workAlone();
    const line = new OpeningLine();
    listenToOpening((opening) => line.tell(opening));
    // Before the commands are named: help tells of their methods, too.
    await loadPlugins(args);
    for (const add of COMMANDS) add(program);
    addLaunch(program, launched?.command);
    for (const shared of program.commands.filter((one) => SHARED.has(one.name())))
      shared.option("--timeout <time>", "how long ranks wait for each other, where there are several (default: 5m)");
    await program.parseAsync(asked, { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    // With --json the last line of stdout is an object here too.
    if (args.includes("--json")) process.stdout.write(`${JSON.stringify({ error: describe(error, false) })}\n`);
    if (error instanceof CommanderError) {
      const called = program.commands.find((command) => command.name() === name);
      const takesSettings = called?.options.some(({ long }) => long === "--set");
      const meant = takesSettings ? await settingMeant(error, called?.name()) : "";
      // A flag that looks alike is a worse guess.
      const told = meant ? refusal.replace(/ \(Did you mean [^)]*\)/, "") : refusal;
      process.stderr.write(`${told}${meant}\n`);
      return 2;
    }
    const text = describe(error, program.opts<{ verbose?: boolean }>().verbose === true);
    const words = rank === null || rank.rank === 0 ? `error: ${text}` : ownWords(rank, error, exitCode(error), text);
    if (words !== null) say(`${words}\n`);
    return exitCode(error);
  }
}

/** The command's name: the first word that is neither a flag nor the plugin of one. */
function commandOf(args: readonly string[]): string | undefined {
  return args.find((word, at) => !word.startsWith("-") && args[at - 1] !== "--plugin");
}

/** Loads what `--plugin FILE` names, wherever it stands. */
async function loadPlugins(args: readonly string[]): Promise<void> {
  const files = args.flatMap((word, i) => {
    if (word.startsWith("--plugin=")) return [word.slice("--plugin=".length)];
    const next = args[i + 1];
    return word === "--plugin" && next !== undefined ? [next] : [];
  });
  if (files.length === 0) return;
  const { loadPlugin } = await import("../methods/plugins.ts");
  for (const file of files) await loadPlugin(file);
}

/** Where a flag that there is not would set something, how to set it. */
async function settingMeant({ code, message }: CommanderError, command: string | undefined): Promise<string> {
  const flag = code === "commander.unknownOption" ? /'--([\w-]+)/.exec(message)?.[1] : undefined;
  if (flag === undefined) return "";
  const { isSetting } = await import("../methods/registry.ts");
  const key = flag.replaceAll("-", "_");
  const decided = command === "compare" ? (await import("../compare/check-terms.ts")).decidedBy(key) : null;
  if (decided !== null) return `; in a comparison, ${decided}`;
  return isSetting(key) ? `; it is a setting: give it as --set ${key}=VALUE` : "";
}

function describe(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  if (verbose) return error.stack ?? error.message;
  // An error without words (some of Node's own) is told by its name.
  return oneLine(error.message) || error.name;
}

function exitCode(error: unknown): number {
  return error instanceof Error && "exitCode" in error && typeof error.exitCode === "number" ? error.exitCode : 1;
}

function oneLine(text: string): string {
  return visible(text.trim().replace(/\s*\n\s*/g, " "));
}

/**
 * A reader that has seen enough (`… | head`) or a closed terminal must not end a training: what cannot be written is left
 * out. A result that cannot be delivered for another reason, such as a full disk, is told in one line.
 */
function survivePipes(): void {
  process.stderr.on("error", () => {});
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code === "EPIPE" || code === "ERR_STREAM_DESTROYED") return;
    process.stderr.write(`error: Expected stdout to take the result, got ${code}\n`);
    process.exitCode = 1;
  });
}
