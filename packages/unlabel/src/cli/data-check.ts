// unlabel data check DATA: unreadable and suspicious files, copies, leakage between train and val, classes, and what training
// would cost here.
import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { visible } from "../base/text.ts";
import type { Checked, CheckStage } from "../check/check.ts";
import type { Forecast, PresetForecast } from "../check/forecast.ts";
import type { CheckResult } from "../check/result.ts";
import { abouts } from "../methods/abouts.ts";
import { significant } from "../page/format.ts";
import { duration, finish, paint, table } from "./output.ts";
import { addPage, type PageOptions, pageGiven } from "./page-option.ts";
import { saidWhenLong } from "./said-when-long.ts";
import { keyValue, oneOf } from "./settings.ts";

interface Options extends PageOptions {
  forecast: boolean;
  presets?: string;
  methods?: string;
  set?: Record<string, string>;
  strict?: boolean;
  json?: boolean;
}

export function addDataCheck(data: Command): void {
  const check = data
    .command("check")
    .description("find damaged files, copies, leakage and odd classes; forecast costs")
    .argument("<data>", "folder of images, or another source")
    // Refused below, in words that help.
    .allowExcessArguments();
  addPage(check, "write a page with the pictures concerned")
    .option(
      "--set <key=value>",
      "how images are read: channels, bands, range or tiles, as in tiles=512; repeat it for more",
      keyValue,
    )
    .option("--presets <names>", "presets to forecast, as in auto,paper (default: all but small)")
    .option("--methods <list>", "methods to forecast (default: simclr, byol, mae and those of plugins)")
    .option("--no-forecast", "do not measure what training would cost here")
    .option("--strict", "exit with 1 where there is any finding")
    .action((root: string, _: Options, command: Command) => {
      refuseSeveral(command.args);
      return dataCheck(root, command.optsWithGlobals<Options>());
    });
}

/** What is counted, and how long nothing is drawn: most data sets have few copies. */
const BARS: Partial<Record<CheckStage, { unit: string; quiet?: number }>> = {
  images: { unit: "image" },
  bytes: { unit: "candidate", quiet: 1000 },
  hashes: { unit: "image", quiet: 1000 },
  pictures: { unit: "pair", quiet: 1000 },
};

/** A shell fills in `*.tar`, and people give several folders. */
function refuseSeveral(given: readonly string[]): void {
  if (given.length === 1) return;
  throw new UsageError(
    `Expected one DATA, got ${given.length} (${given.slice(0, 2).join(", ")}${given.length > 2 ? ", …" : ""}); give one folder that holds them, a list of files (.txt), or shards as 'train-{000..099}.tar'`,
  );
}

async function dataCheck(root: string, options: Options): Promise<void> {
  const { forecast, presets, methods, strict, json } = options;
  const [
    { checkData },
    { writePage },
    { Progress },
    { forecastPresets, presetNames },
    { onFirstSignal },
    { inputSettings },
    { parseValue },
  ] = await Promise.all([
    import("../check/check.ts"),
    import("../check/page.ts"),
    import("../train/progress.ts"),
    import("../methods/presets.ts"),
    import("../base/signals.ts"),
    import("../config/input-settings.ts"),
    import("../config/files.ts"),
  ]);
  const settings = inputSettings(
    Object.fromEntries(Object.entries(options.set ?? {}).map(([key, text]) => [key, parseValue(text)])),
  );
  const all = presetNames();
  const names: readonly string[] = presets?.split(",") ?? forecastPresets();
  const wanted = all.filter((preset) => names.includes(preset)).reverse();
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`Expected ${all.join(", ")} for --presets, got ${unknown || "nothing"}`);
  const known = abouts().map(({ name }) => name);
  const asked = methods?.split(",").map((name) => oneOf("--methods", name.trim(), known));
  const page = await pageGiven(options);
  const stop = new AbortController();
  using _signals = onFirstSignal(() => stop.abort());
  let progress: InstanceType<typeof Progress> | undefined;
  let shown = "";
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const measuring = saidWhenLong(say, "at most 5 minutes each; --presets auto measures less, --no-forecast nothing");
  const checking = checkData(root, {
    settings,
    presets: forecast ? wanted : [],
    ...(asked && { methods: asked }),
    signal: stop.signal,
    onUnderstood: (lines) => process.stderr.write(lines.map((line) => `${line}\n`).join("")),
    onProgress: (stage, done, total, note) => {
      const bar = BARS[stage];
      if (stage !== shown) {
        progress?.end();
        progress = bar && new Progress({ total, ...bar });
        shown = stage;
      }
      if (bar) {
        progress?.update(done);
        return;
      }
      if (stage === "copies") say("comparing likely copies");
      else if (stage === "values") {
        if (done === 0) say(`looking at values${total > 1 ? ` of ${total - 1} classes` : ""}`);
      } else {
        const what = `measuring ${note} (${done + 1} of ${total})`;
        say(what);
        measuring.begin(what);
      }
    },
  });
  let checked: Checked;
  try {
    checked = await checking;
    measuring.end();
    if (page !== undefined) await writePage(checked, page);
  } catch (error) {
    measuring.end();
    if (!stop.signal.aborted) throw error;
    progress?.end();
    process.stderr.write("Interrupted; the same command begins again\n");
    if (json) finish(true, { interrupted: true, data: root }, []);
    process.exitCode = 130;
    return;
  }
  progress?.end();
  const { result } = checked;
  finish(json === true, { ...result, ...(page && { html: page }) }, [
    ...lines(result),
    ...(page ? [`Page: ${paint("bold", page)}`] : []),
  ]);
  if (strict && !result.ok) process.exitCode = 1;
}

const WIDTH = 80;
/** Examples of each kind; --json and the page have all. */
const SHOWN = 5;

function lines(result: CheckResult): string[] {
  const { images, classes, findings, notes, sizes, unreadable, suspicious, leakage, duplicates, forecast } = result;
  const size = ([w, h]: [number, number]) => `${w} × ${h}`;
  const within = duplicates.groups.filter(({ leak }) => !leak);
  return [
    `${paint("bold", result.data)}: ${images.train} train, ${images.val} val, ${classes.length} ${classes.length === 1 ? "class" : "classes"} (${result.layout})`,
    `${result.images_per_s} images/s, ${duration(result.seconds)}; ${Object.entries(result.formats)
      .map(([format, count]) => `${count} ${format}`)
      .join(", ")}`,
    ...(sizes ? [`sizes: ${size(sizes.smallest)} to ${size(sizes.largest)} px, half from ${size(sizes.median)}`] : []),
    ...classTable(classes),
    ...valueTable(result),
    "",
    ...findings.flatMap(({ text }) => wrapped(paint("red", "✗"), text)),
    ...notes.flatMap((text) => wrapped(paint("yellow", "•"), text)),
    ...(findings.length === 0 ? [`${paint("green", "✓")} nothing to mend`] : []),
    ...examples("cannot be read", unreadable, (one) => [`${one.path}: ${one.reason}`]),
    ...examples("in val and train", leakage.images, (one) => [one.val, `${one.train} (${likeness(one)})`]),
    ...examples("copies within a split", within, ({ images, ...one }) =>
      images.map(
        ({ path }, i) =>
          `${path}${i === images.length - 1 ? ` (${likeness(one)}${one.conflict ? ", two classes" : ""})` : ""}`,
      ),
    ),
    ...examples("suspicious", suspicious, (one) => [`${one.path}: ${one.reasons.join(", ")}`]),
    ...(forecast ? costs(forecast) : []),
  ];
}

function likeness({ kind, similarity }: { kind: "exact" | "near"; similarity: number }): string {
  return kind === "exact" ? "the same bytes" : `alike ${similarity.toFixed(2)}`;
}

function classTable(classes: CheckResult["classes"]): string[] {
  if (classes.length === 0) return [];
  const sorted = classes.toSorted((a, b) => b.train - a.train);
  const rows = (some: typeof sorted) => some.map(({ name, train, val }) => [visible(name), train, val]);
  const head = ["class", "train", "val"];
  if (sorted.length <= 12) return ["", table([head, ...rows(sorted)])];
  return ["", table([head, ...rows(sorted.slice(0, 4)), ["…", "", ""], ...rows(sorted.slice(-4))])];
}

/** Bands whose values are shown; --json and the page have all, and those of each class. */
const BANDS = 16;

function number(value: number | null): string {
  return significant(value, 4);
}

function valueTable({ values, input }: CheckResult): string[] {
  const all = values?.[0];
  if (!all) return [];
  const rows = all.bands
    .slice(0, BANDS)
    .map(({ band, lowest, p0_1, median, p99_9, highest }, k) => [
      `band ${band}`,
      ...[lowest, p0_1, median, p99_9, highest].map(number),
      input.range?.[k]?.map(number).join(" … ") ?? "all of its type",
    ]);
  const rest = all.bands.length - BANDS;
  return [
    "",
    table([["values", "lowest", "0.1 %", "median", "99.9 %", "highest", "become 0 … 1"], ...rows]),
    ...(rest > 0 ? [`and ${rest} more bands`] : []),
  ];
}

/** Each on a line, or its parts (images that are alike) one below the other. Paths are never cut. */
function examples<T>(title: string, all: readonly T[], tell: (one: T) => string[]): string[] {
  if (all.length === 0) return [];
  const rest = all.length - SHOWN;
  return [
    "",
    `${title}:`,
    ...all.slice(0, SHOWN).flatMap((one) => {
      const parts = tell(one).map(visible);
      const line = `  ${parts.join(" = ")}`;
      return line.length <= WIDTH ? [line] : parts.map((part, i) => `  ${i === 0 ? "" : "= "}${part}`);
    }),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ];
}

/** The lines of a forecast, none wider than a terminal. */
export function costs({ presets, choice, how, device, threads }: Forecast): string[] {
  const row = (one: PresetForecast) => [
    `${one.method} ${one.preset}`,
    one.step_s === null ? "–" : duration(one.step_s),
    one.epoch_s === null ? "–" : duration(one.epoch_s),
    one.total_s === null ? "–" : days(one.total_s),
    one.memory_mb === null ? "–" : `${(one.memory_mb / 1000).toFixed(1)} GB`,
  ];
  const settings = (one: PresetForecast) =>
    one.problem ?? `${one.encoder}, ${one.size} px, batch ${one.batch}, ${one.epochs} epochs`;
  const [head = "", ...rows] = table([["", "step", "epoch", "in all", "memory"], ...presets.map(row)]).split("\n");
  return [
    "",
    `Forecast on ${device}, ${threads} ${threads === 1 ? "thread" : "threads"}:`,
    head,
    // Beside the numbers they would not fit on a line.
    ...rows.flatMap((line, i) => [line, ...wrapped(" ", settings(presets[i]!))]),
    ...wrapped("", how),
    ...(choice ? wrapped(paint("green", "→"), `begin with --preset ${choice.preset}: ${choice.why}`) : []),
  ];
}

function days(seconds: number): string {
  return seconds < 2 * 86_400 ? duration(seconds) : `${Math.round(seconds / 86_400)} days`;
}

/** Text broken at spaces, behind a mark. */
function wrapped(mark: string, text: string): string[] {
  const indent = mark === "" ? "" : "  ";
  const out: string[] = [];
  let line = "";
  for (const word of visible(text).split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > WIDTH) {
      out.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  out.push(line);
  return out.map((one, i) => (i === 0 && mark !== "" ? `${mark} ${one}` : `${indent}${one}`));
}
