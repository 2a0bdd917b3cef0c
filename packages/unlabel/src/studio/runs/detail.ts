// Everything that a run's page shows but its curves.
import { join } from "node:path";
import { recordedHere } from "../../base/shell.ts";
import { counted, visible } from "../../base/text.ts";
import { count, duration, megabytes, millions } from "../../page/numbers.ts";
import { lossOf } from "../../report/method-words.ts";
import { evaluationsAmong, readEvaluations } from "../../run/read/evaluations.ts";
import { type Pictures, picturesSchema, type RunFile, type Skipped, skippedSchema } from "../../run/read/schema.ts";
import type { RunDetail, RunRow } from "../messages/runs.ts";
import { commandsFor } from "./commands.ts";
import type { Folders } from "./folders.ts";
import { inShort, jsonOf } from "./json-text.ts";
import { memoryOf } from "./memory.ts";
import { numberOf, problemOf, type RunPlace, readRow, readRunFile } from "./row.ts";
import { scoreLines } from "./score-lines.ts";

const MOST_PICTURES = 5_000_000;
/** Skipped images that are listed; all are counted. */
const LISTED = 50;
/** Triplets of pictures, lines of a kind, and settings that a page shows; ours have far fewer. */
const SHOWN = 100;
const SETTINGS = 500;
/** Of one setting, or one line. */
const MOST_TEXT = 2_000;
const PIECE = 1 << 20;
const NEWLINE = 0x0a;

/** A run's page as its files are now. @throws {UserError} where its run.json cannot be read */
export async function readDetail(folders: Folders, place: RunPlace): Promise<RunDetail> {
  const { dir } = place;
  const file = await readRunFile(folders, dir);
  const row = await readRow(folders, place);
  const damage: string[] = [];
  const or = async <T>(value: Promise<T>, otherwise: T): Promise<T> =>
    value.catch((error: unknown) => {
      damage.push(problemOf(error));
      return otherwise;
    });
  const evaluations = await or(evaluationsIn(folders, dir), null);
  const skipped = await or(skippedIn(folders, join(dir, "skipped.jsonl")), { count: 0, first: [] });
  const pictures = await or(picturesIn(folders, dir, file.method), null);
  return {
    row,
    config: settingsOf(file.config),
    facts: factsOf(file, row),
    chance: file.chance ?? null,
    floor: file.floor ?? null,
    lossWords: lossOf(file),
    stepsPerEpoch: file.steps_per_epoch ?? null,
    batch: numberOf(file.config.batch),
    peakMb: file.result?.peak_mb ?? null,
    memory: await memoryOf(folders, dir),
    chosen: some(file.chosen),
    understood: some(file.data?.understood),
    notes: notesOf(file),
    damage: some([...damage, ...(evaluations?.left ?? [])]).map(visible),
    scores: evaluations ? scoreLines(evaluations) : [],
    skipped,
    commands: commandsFor(folders.shown(dir), row, file),
    pictures,
  };
}

/** @throws {UserError} where a file of the folder leads outside */
async function evaluationsIn(folders: Folders, dir: string) {
  const folder = join(dir, "eval");
  const { files } = evaluationsAmong(await folders.names(folder));
  if (files.length === 0) return null;
  // Each is a file of the folders given before anything reads it.
  for (const name of files) await folders.file(folder, name);
  return await readEvaluations(folder);
}

async function skippedIn(folders: Folders, path: string): Promise<RunDetail["skipped"]> {
  const skipped: { count: number; first: Skipped[] } = { count: 0, first: [] };
  await using file = await folders.open(path);
  if (!file) return skipped;
  let rest = Buffer.alloc(0);
  for (let at = 0; at < file.size; at += PIECE) {
    const bytes = Buffer.concat([rest, await file.bytes(at, PIECE)]);
    let begin = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, begin)) {
      const line = skipped.first.length < LISTED ? skippedOf(bytes.toString("utf8", begin, end)) : null;
      if (line) skipped.first.push(line);
      skipped.count++;
      begin = end + 1;
    }
    rest = bytes.subarray(begin);
    // No line of ours is so long.
    if (rest.length > PIECE) rest = Buffer.alloc(0);
  }
  return skipped;
}

function skippedOf(text: string): Skipped | null {
  try {
    const found = skippedSchema.safeParse(JSON.parse(text));
    return found.success ? { path: visible(found.data.path), reason: visible(found.data.reason) } : null;
  } catch {
    return null;
  }
}

async function picturesIn(folders: Folders, dir: string, method: string): Promise<Pictures | null> {
  // Of a name that is one, a stranger's run.json may name any file.
  if (!/^[a-z0-9]+$/.test(method)) return null;
  const path = join(dir, "pictures", `${method}.json`);
  const text = await folders.text(path, MOST_PICTURES);
  if (text === null) return null;
  const found = picturesSchema.safeParse(parsed(text, folders.shown(path)));
  return found.success ? { ...found.data, items: found.data.items.slice(0, SHOWN) } : null;
}

function parsed(text: string, where: string): unknown {
  try {
    return jsonOf(text, where);
  } catch {
    return null;
  }
}

/** Settings as they can be shown, whoever wrote them. */
export function settingsOf(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const short = (value: unknown): unknown => {
    if (typeof value === "string") return inShort(value, MOST_TEXT);
    const text = typeof value === "object" && value !== null ? JSON.stringify(value) : "";
    return text.length > MOST_TEXT ? inShort(text, MOST_TEXT) : value;
  };
  const shown = Object.entries(config).slice(0, SETTINGS);
  return Object.fromEntries(shown.map(([key, value]) => [inShort(key), short(value)]));
}

function some(lines: readonly string[] | null | undefined): string[] {
  return (lines ?? []).slice(0, SHOWN).map((line) => inShort(line, MOST_TEXT));
}

/** What a reader of the numbers should know. */
function notesOf(file: RunFile): string[] {
  const notes = (file as { notes?: unknown }).notes;
  return Array.isArray(notes) ? some(notes.filter((one) => typeof one === "string")).map(visible) : [];
}

function factsOf(file: RunFile, row: RunRow): [string, string][] {
  const { data, parameters, versions } = file;
  const began = (file as { init?: { source?: unknown } }).init?.source;
  const facts: [string, string | null | undefined][] = [
    ["Images", data?.root],
    ["Trained on", data?.train == null ? null : `${count(data.train)} images`],
    ["Held out", data?.held_out?.images == null ? null : `${count(data.held_out.images)} images`],
    ["Classes", data?.classes?.length ? count(data.classes.length) : null],
    ["Preset", typeof file.config.preset === "string" ? file.config.preset : null],
    ["Began with", typeof began === "string" ? began : null],
    [
      "Parameters",
      parameters?.total == null ? null : `${millions(parameters.total)}, encoder ${millions(parameters.encoder)}`,
    ],
    [
      "Device",
      [file.device, file.precision, file.threads == null ? null : counted(file.threads, "thread")]
        .filter(Boolean)
        .join(", "),
    ],
    ["Memory", file.result?.peak_mb == null ? null : megabytes(file.result.peak_mb)],
    ["Trained for", row.seconds === null ? null : duration(row.seconds)],
    [
      "Versions",
      versions
        ? Object.entries(versions)
            .map(([name, version]) => `${name} ${version}`)
            .join(", ")
        : null,
    ],
    ["Commit", file.commit],
    ["Command", file.command == null ? null : recordedHere(file.command)],
    ["Folder", row.dir],
  ];
  return facts.flatMap(([name, value]) =>
    value ? [[name, inShort(visible(value), MOST_TEXT)] as [string, string]] : [],
  );
}
