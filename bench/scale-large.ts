// What 1,300,000 images ask for, beside a tenth and a hundredth of them: as class folders and as tar shards, from listing to a run that goes on.
// An exponent says how each grows: 1 is linear. Nothing should stand still for two seconds meanwhile.
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheDir } from "@unlabel/torch/setup";
import { numberIn, runScript } from "./child.ts";
import { checkRoom, FORMS, type Form, makeImages } from "./many-images.ts";
import { onTerminal, type Watched } from "./on-terminal.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { powerLaw } from "./stats.ts";

export const COUNTS = [13_000, 130_000, 1_300_000];
const QUICK_COUNTS = [130, 1_300, 13_000];

/** What is measured of each form, in order. */
const STAGES = {
  listed: { words: "listed", unit: "s" },
  again: { words: "listed again", unit: "s" },
  first: { words: "first step, from the command on", unit: "s" },
  memory: { words: "peak memory of training", unit: "MB" },
  order: { words: "order of an epoch", unit: "s" },
  check: { words: "data check", unit: "s" },
  checkMemory: { words: "peak memory of data check", unit: "MB" },
  resumed: { words: "first step of a run that goes on", unit: "s" },
  silence: { words: "longest silence on a terminal", unit: "s" },
} as const;
type Stage = keyof typeof STAGES;

/** One form at one count. */
export type Measured = Record<Stage, number | null> & {
  count: number;
  /** What had been said before the longest silence. */
  after: string;
};

export function rowNames({ quick }: Pick<BenchOptions, "quick">): string[] {
  return FORMS.flatMap((form) => Object.values(STAGES).map(({ words }) => nameOf(form, countsOf(quick), words)));
}

const countsOf = (quick: boolean) => (quick ? QUICK_COUNTS : COUNTS);
const nameOf = (form: Form, counts: readonly number[], words: string) =>
  `${(counts.at(-1) ?? 0).toLocaleString("en-US")} images in ${form}: ${words}`;

/** Rows of those forms of which any is asked for. */
export async function runLarge(options: BenchOptions): Promise<Row[]> {
  const counts = countsOf(options.quick);
  const chosen = (name: string) => options.rows?.test(name) ?? true;
  const rows: Row[] = [];
  for (const form of FORMS) {
    if (!Object.values(STAGES).some(({ words }) => chosen(nameOf(form, counts, words)))) continue;
    const all: Measured[] = [];
    for (const count of counts) all.push(await measure(form, count, options));
    rows.push(...rowsOf(form, all).filter(({ name }) => chosen(name)));
  }
  return rows;
}

/** Makes images, goes through all stages, and removes what was made. */
async function measure(form: Form, count: number, options: BenchOptions): Promise<Measured> {
  const { say, threads, device } = options;
  const folder = mkdtempSync(join(options.folder ?? tmpdir(), "unlabel-bench-"));
  const kept = join(cacheDir(), "shards");
  const before = new Set(namesIn(kept));
  try {
    checkRoom(folder, count);
    say(`${form}: making ${count.toLocaleString("en-US")} images`);
    const root = join(folder, "images");
    makeImages(form, root, count);
    const list = async () => {
      const found = await runScript("list-data.ts", [root], threads);
      say(`${form}, ${count}: listed in ${numberIn(found, "listed_s").toFixed(2)} s`);
      return found;
    };
    const listed = await list();
    const again = await list();
    const run = join(folder, "run");
    const machine = ["--threads", String(threads), "--device", device, "--out", run];
    const model = ["--method", "simclr", "--preset", "report", "--encoder", "resnet18", "--size", "32"];
    const set = ["stem=7x7", "online=false", "health_every=0"].flatMap((one) => ["--set", one]);
    const train = [
      "pretrain",
      root,
      ...model,
      ...set,
      "--batch",
      "32",
      "--epochs",
      "100000",
      "--steps",
      "2",
      ...machine,
    ];
    const metrics = join(run, "metrics.jsonl");
    const trained = await onTerminal(train, threads, metrics);
    say(`${form}, ${count}: first step after ${trained.grown?.toFixed(2)} s`);
    const resumed = await onTerminal(["pretrain", "--resume", "--out", run, "--steps", "4"], threads, metrics);
    say(`${form}, ${count}: gone on after ${resumed.grown?.toFixed(2)} s`);
    const checked = await onTerminal(["data", "check", root, "--no-forecast"], threads);
    say(`${form}, ${count}: checked in ${checked.seconds.toFixed(1)} s`);
    const loudest = [trained, resumed, checked].reduce(longer);
    return {
      count,
      listed: numberIn(listed, "listed_s"),
      again: numberIn(again, "listed_s"),
      first: trained.grown,
      memory: trained.mb ?? null,
      order: numberIn(again, "order_s"),
      check: checked.seconds,
      checkMemory: checked.mb ?? null,
      resumed: resumed.grown,
      silence: loudest.silence,
      after: loudest.after,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    for (const name of namesIn(kept)) if (!before.has(name)) rmSync(join(kept, name), { force: true });
  }
}

function longer(one: Watched, other: Watched): Watched {
  return (other.silence ?? 0) > (one.silence ?? 0) ? other : one;
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** The largest count's numbers, with how they grow. */
export function rowsOf(form: Form, all: readonly Measured[]): Row[] {
  const counts = all.map(({ count }) => count);
  return (Object.keys(STAGES) as Stage[]).map((stage) => {
    const { words, unit } = STAGES[stage];
    const name = nameOf(form, counts, words);
    const points = all.flatMap(({ count, ...one }) => (one[stage] === null ? [] : [{ x: count, y: one[stage] }]));
    if (points.length < all.length)
      return row(name, unit, null, null, { note: "not measured: this system does not tell" });
    const told = points.map(({ x, y }) => `${x.toLocaleString("en-US")}: ${y.toFixed(unit === "s" ? 2 : 0)} ${unit}`);
    const last = points.at(-1)!;
    if (stage === "silence") {
      const { after } = all.at(-1)!;
      return row(name, unit, last.y, null, { note: `${told.join(", ")}; after “${after}”` });
    }
    // What a process takes by itself hides in the smaller counts how a stage grows: the last two tell the most.
    const [whole, end] = [powerLaw(points).exponent, powerLaw(points.slice(-2)).exponent];
    const note = `${told.join(", ")}; exponent ${whole.toFixed(2)}, at the end ${end.toFixed(2)}`;
    return row(name, unit, last.y, null, { note });
  });
}
