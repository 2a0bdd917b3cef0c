// unlabel data check DATA: unreadable and suspicious files, copies, leakage between train and val, classes, and what training
// would cost here.
import type { Command } from "commander";
import type { CheckResult } from "../data/check/check.ts";
import type { Forecast, PresetForecast } from "../data/check/forecast.ts";
import { UsageError } from "../errors.ts";
import { visible } from "../text.ts";
import { duration, finish, paint, table } from "./output.ts";
import { named } from "./settings.ts";

interface Options {
  forecast: boolean;
  presets?: string;
  html?: string;
  strict?: boolean;
  json?: boolean;
}

export function addDataCheck(data: Command): void {
  data
    .command("check")
    .description("find damaged files, copies, leakage and odd classes; forecast costs")
    .argument("<data>", "folder of images, or another source")
    .option("--html <file>", "write a page with the pictures concerned", named)
    .option("--presets <names>", "presets to forecast, as in small,paper (default: all)")
    .option("--no-forecast", "do not measure what training would cost here")
    .option("--strict", "exit with 1 where there is any finding")
    .action((root: string, _: Options, command: Command) => dataCheck(root, command.optsWithGlobals<Options>()));
}

async function dataCheck(root: string, { forecast, presets, html, strict, json }: Options): Promise<void> {
  const [{ checkData }, { Progress }, { PRESETS }] = await Promise.all([
    import("../data/check/check.ts"),
    import("../train/progress.ts"),
    import("../config/schema.ts"),
  ]);
  const names: readonly string[] = presets?.split(",") ?? PRESETS;
  const wanted = PRESETS.filter((preset) => names.includes(preset)).reverse();
  const unknown = names.find((name) => !PRESETS.some((preset) => preset === name));
  if (unknown !== undefined)
    throw new UsageError(`Expected ${PRESETS.join(", ")} for --presets, got ${unknown || "nothing"}`);
  let progress: InstanceType<typeof Progress> | undefined;
  const checked = await checkData(root, {
    presets: forecast ? wanted : [],
    onProgress: (stage, done, total, note) => {
      if (stage === "images") {
        progress ??= new Progress({ total, unit: "image" });
        progress.update(done);
        return;
      }
      progress?.end();
      if (stage === "copies") process.stderr.write("comparing likely copies\n");
      else process.stderr.write(`measuring ${note} (${done + 1} of ${total})\n`);
    },
  });
  progress?.end();
  const { result } = checked;
  const page =
    html === undefined ? null : await import("../data/check/page.ts").then((it) => it.writePage(checked, html));
  finish(json === true, { ...result, ...(page && { html: page }) }, [
    ...lines(result),
    ...(page ? [`Page: ${paint("bold", page)}`] : []),
  ]);
  if (strict && !result.ok) process.exitCode = 1;
}

const WIDTH = 80;
/** Examples of each kind; --json and --html have all. */
const SHOWN = 5;

function lines(result: CheckResult): string[] {
  const { images, classes, findings, notes, sizes, unreadable, suspicious, leakage, duplicates, forecast } = result;
  const size = ([w, h]: [number, number]) => `${w} × ${h}`;
  const within = duplicates.groups.filter(({ leak }) => !leak);
  return [
    `${paint("bold", result.data)}: ${images.train} train, ${images.val} val, ${classes.length} classes (${result.layout})`,
    `${result.images_per_s} images/s, ${duration(result.seconds)}; ${Object.entries(result.formats)
      .map(([format, count]) => `${count} ${format}`)
      .join(", ")}`,
    ...(sizes ? [`sizes: ${size(sizes.smallest)} to ${size(sizes.largest)} px, half from ${size(sizes.median)}`] : []),
    ...classTable(classes),
    "",
    ...findings.flatMap(({ text }) => wrapped(paint("red", "✗"), text)),
    ...notes.flatMap((text) => wrapped(paint("yellow", "•"), text)),
    ...(findings.length === 0 ? [`${paint("green", "✓")} nothing to mend`] : []),
    ...examples("cannot be read", unreadable, (one) => `${one.path}: ${one.reason}`),
    ...examples("in val and train", leakage.images, (one) => `${one.val} = ${one.train} (${likeness(one)})`),
    ...examples(
      "copies within a split",
      within,
      (one) =>
        `${one.images.map(({ path }) => path).join(" = ")} (${likeness(one)}${one.conflict ? ", two classes" : ""})`,
    ),
    ...examples("suspicious", suspicious, (one) => `${one.path}: ${one.reasons.join(", ")}`),
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
  if (sorted.length <= 12) return ["", table([head, ...rows(sorted)], WIDTH)];
  return ["", table([head, ...rows(sorted.slice(0, 4)), ["…", "", ""], ...rows(sorted.slice(-4))], WIDTH)];
}

function examples<T>(title: string, all: readonly T[], tell: (one: T) => string): string[] {
  if (all.length === 0) return [];
  const rest = all.length - SHOWN;
  return [
    "",
    `${title}:`,
    ...all.slice(0, SHOWN).map((one) => cut(`  ${visible(tell(one))}`)),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ];
}

function costs({ presets, choice, how, device, threads }: Forecast): string[] {
  const row = (one: PresetForecast) => [
    `${one.method} ${one.preset}`,
    one.step_s === null ? "–" : duration(one.step_s),
    one.epoch_s === null ? "–" : duration(one.epoch_s),
    one.total_s === null ? "–" : days(one.total_s),
    one.memory_mb === null ? "–" : `${(one.memory_mb / 1000).toFixed(1)} GB`,
    one.problem ?? `${one.encoder}, ${one.size} px, batch ${one.batch}, ${one.epochs} epochs`,
  ];
  return [
    "",
    `Forecast on ${device}, ${threads} ${threads === 1 ? "thread" : "threads"}:`,
    table([["", "step", "epoch", "in all", "memory", ""], ...presets.map(row)], WIDTH),
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

function cut(line: string): string {
  return line.length <= WIDTH ? line : `${line.slice(0, WIDTH - 1)}…`;
}
