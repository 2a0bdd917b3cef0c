// Which run is asked for: a new one, or an old one to be continued. Everything that can be refused is refused here,
// before LibTorch is loaded.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { UsageError } from "../base/errors.ts";
import { writableFile } from "../base/output-file.ts";
import { commandLine } from "../base/shell.ts";
import type { Config } from "../config/common.ts";
import type { Sources } from "../config/resolve.ts";
import type { Settings } from "../config/settings.ts";
import type { Input } from "../data/input.ts";
import type { SavedHoldOut } from "../data/reading.ts";
import type { HubStream } from "../hub/progress.ts";
import { isHub, isSameModel } from "../hub/reference.ts";
import type { Facts } from "../methods/about.ts";
import { FIRST_METHOD, resolveConfig } from "../methods/registry.ts";
import { RunDirectory, type RunInfo, refuseTaken } from "../run/directory.ts";
import { type Init, openInit, resolveWithInit } from "./init.ts";
import { mlflowSettings } from "./mlflow.ts";
import { type OpenTeacher, openTeacher } from "./teacher.ts";

export interface Request {
  /** Folder of images; a resumed run knows its own. */
  data?: string | undefined;
  /** A file's and flags' settings, over those of the preset. */
  settings: Sources;
  /** How samples become the network's input, where that was chosen before; by default it is chosen by the settings and the images. */
  input?: Input | undefined;
  /** What preset `auto` chooses by, where that was found out before; by default the images are asked. */
  facts?: Facts | undefined;
  /** Which images are held out from training, where that was chosen before (null: none); by default it is chosen by the images. */
  heldOut?: SavedHoldOut | null | undefined;
  /** Run directory; by default `runs/METHOD-PRESET-TIME`. */
  out?: string | undefined;
  /** Continues the run in `out`; "auto" begins one there where there is none yet, for those who start the same again. */
  resume?: boolean | "auto";
  /** Prints where the time of a few steps goes, and writes profile.json and trace.json into the run. */
  profile?: boolean;
  /** The command line that run.json keeps, to be run again; by default it says that a program called. */
  command?: string;
  /** Commit of the project that it is called in, for run.json. */
  commit?: string | null;
  /** Gives the command line that goes on with the run in that folder after an interruption, for the log; by default it says none. */
  goOn?: ((run: string) => string) | null;
}

export interface Plan {
  config: Config;
  /** What the config came of. */
  sources: Sources;
  /** What preset `auto` chooses by, where that was found out before. */
  facts: Facts | null;
  /** The settings that the user has chosen, unlike those of a preset or of a run that goes on. */
  given: Settings;
  data: string;
  /** The weights that it begins with, open; null where these are random, or the run goes on. */
  init: Init | null;
  /** What it learns from, open; null where its method has no teacher. */
  teacher: OpenTeacher | null;
  /** How samples become the network's input, as the run has it or as it was chosen before; null where it is still to be chosen. */
  input: Input | null;
  out: string;
  /** The run to continue, or null for a new one. */
  run: RunDirectory | null;
  /** What was asked for that changes how long the run is, such as `--epochs 30`; null where nothing was. */
  extension: string | null;
  profile: boolean;
  command: string;
  commit: string | null;
  /** The command line that goes on with it after an interruption; null where whoever asked knows. */
  goOn: string | null;
}

/** What may change when a run goes on; anything else would make it another run. */
const CHANGEABLE = new Set([
  "epochs",
  "steps",
  "budget",
  "threads",
  "device",
  "cache_mb",
  "checkpoint_every_epochs",
  "health_every",
  "online",
  "log",
  // It may lie elsewhere by now: its checksum says that it is the same.
  "teacher",
]);

/** What `auto` of is settled once, so that run.json holds what came of it. */
const SETTLED = new Set(["cache", "channels", "mean", "std", "color_form"]);

/** What sets how long a run is. */
const LENGTHS = ["epochs", "steps", "budget"] as const;

/** Whether a request is of a run that is there already. @throws {UsageError} where it does not say which */
export function goesOn({ out, resume = false }: Request): boolean {
  if (resume === "auto" && out === undefined) {
    throw new UsageError("Expected --out RUN beside --resume=auto, to say which run begins or goes on");
  }
  return resume === true || (resume === "auto" && out !== undefined && existsSync(join(out, "run.json")));
}

/**
 * The weights that a new run is to begin with, open; null where it is to begin at random. A run that goes on never asks for them again.
 *
 * @param stream takes lines on how far a download has come; by default stderr
 * @throws {UserError} as `openInit`
 */
export async function initOf(request: Request, stream?: HubStream): Promise<Init | null> {
  return goesOn(request) ? null : openInit(request.settings, FIRST_METHOD, stream);
}

/**
 * The teacher of a run whose method learns from one, open; null where it has none.
 *
 * @param stream takes lines on how far a download has come; by default stderr
 * @throws {UserError} as `openTeacher`
 */
export async function teacherOf(request: Request, stream?: HubStream): Promise<OpenTeacher | null> {
  const { settings, out } = request;
  if (!goesOn(request)) return openTeacher(settings, FIRST_METHOD, { stream });
  // What is missing or damaged there, the plan says.
  if (out === undefined) return null;
  const { config, teacher } = RunDirectory.open(out).info;
  const { method, teacher_size, teacher_pooling, teacher_license } = config;
  const elsewhere = settings.flags?.teacher ?? settings.file?.settings.teacher;
  const flags = { method, teacher: elsewhere ?? config.teacher, teacher_size, teacher_pooling, teacher_license };
  return openTeacher({ flags }, FIRST_METHOD, { stream, before: { out, teacher } });
}

/**
 * @param init of {@link initOf}
 * @param teacher of {@link teacherOf}
 * @param worldSize processes that train together
 * @throws {UsageError} where the request is incomplete or contradicts the run that it continues
 * @throws {UserError} where the run directory is taken, missing or cannot be written to, or its checkpoint is
 */
export function plan(
  request: Request,
  init: Init | null = null,
  teacher: OpenTeacher | null = null,
  worldSize = 1,
): Plan {
  const { data, out, profile = false, commit = null } = request;
  const settings = goesOn(request) ? request.settings : withTeacher(request.settings, teacher);
  const shared = (path: string) => ({
    profile,
    command: request.command ?? "pretrain() of a program",
    commit,
    goOn: request.goOn?.(path) ?? null,
  });
  if (goesOn(request)) {
    const planned = planResume(data, settings, out, teacher, worldSize);
    return { ...planned, ...shared(planned.out) };
  }
  if (data === undefined)
    throw new UsageError(
      `Expected a folder of images, as in: ${commandLine("pretrain", "DATA", "--method", "simclr")}`,
    );
  const config = resolveWithInit(settings, init);
  if (config.log === "mlflow") mlflowSettings();
  const path = out ?? join("runs", `${config.method}-${config.preset}-${stamp(new Date())}`);
  refuseTaken(path);
  writableFile(join(path, "run.json"));
  const given = { ...settings.file?.settings, ...settings.flags };
  const { input = null, facts = null } = request;
  const shown = { config, sources: settings, facts, given, data, init, teacher, input };
  return { ...shown, out: path, run: null, extension: null, ...shared(path) };
}

/** Settings with what follows from a teacher beneath them, and where it lies, whole. */
function withTeacher(settings: Sources, teacher: OpenTeacher | null): Sources {
  if (teacher === null) return settings;
  const { file, flags, fitted } = settings;
  return { file, flags: { ...flags, teacher: teacher.path }, fitted: { ...fitted, ...teacher.settings } };
}

function planResume(
  data: string | undefined,
  { file, flags = {} }: Sources,
  out: string | undefined,
  teacher: OpenTeacher | null,
  worldSize: number,
): Omit<Plan, "profile" | "command" | "commit" | "goOn"> {
  if (out === undefined) throw new UsageError("Expected --out RUN beside --resume, to say which run goes on");
  const run = RunDirectory.open(out);
  run.refuseLost();
  writableFile(join(out, "run.json"));
  const before = run.info.config;
  const length = lengthGiven(file?.settings ?? {}, flags);
  const given = ownBatch({ ...file?.settings, ...flags }, run.info, worldSize);
  const changes = { ...changed(given, before), ...length };
  const asked = resolveConfig({ file: { name: join(out, "run.json"), settings: { ...before } }, flags: changes });
  const config = { ...asked, ...budgeted(asked, before, length), ...(teacher && { teacher: teacher.path }) };
  if (config.log === "mlflow") mlflowSettings();
  for (const [key, value] of Object.entries(config)) {
    const was: unknown = before[key as keyof Config];
    if (!CHANGEABLE.has(key) && JSON.stringify(value) !== JSON.stringify(was)) {
      throw new UsageError(
        `Expected ${key} ${JSON.stringify(was)} as ${out} began with, got ${JSON.stringify(value)}; start a new run instead`,
      );
    }
  }
  const words = Object.entries(length).map(([key, value]) => `--${key} ${String(value)}`);
  const { root, input } = run.info.data;
  return {
    config,
    sources: {},
    facts: null,
    given: {},
    data: data ?? root,
    init: null,
    teacher,
    input,
    out,
    run,
    extension: words.join(" ") || null,
  };
}

/** How long the run is to be: what the flags say of it, else what the file says, whose budget overrules the rest. */
function lengthGiven(file: Settings, flags: Settings): Settings {
  const given = (from: Settings) =>
    Object.fromEntries(LENGTHS.filter((key) => from[key] != null).map((key) => [key, from[key]]));
  const [ofFlags, ofFile] = [given(flags), given(file)];
  if (Object.keys(ofFlags).length > 0) return ofFlags;
  return "budget" in ofFile ? { budget: ofFile.budget } : ofFile;
}

/**
 * Settings without a `batch` and `global_batch` that come to what the run has: the command that began it is given again, perhaps by a launcher
 * that has other ranks now.
 */
function ownBatch(given: Settings, { config, ranks = 1 }: RunInfo, worldSize: number): Settings {
  const { batch, global_batch: all, ...rest } = given;
  const same =
    all != null ? all === config.batch : [1, ranks, worldSize].some((n) => Number(batch) * n === config.batch);
  return batch === undefined && all === undefined ? given : same ? rest : given;
}

/** Settings other than lengths that differ from what run.json holds, whatever was settled there since it began. */
function changed(given: Settings, before: Config): Settings {
  const same = (key: string, value: unknown) => {
    const was: unknown = before[key as keyof Config];
    // run.json has it whole.
    if ((key === "init" || key === "teacher") && typeof value === "string") return isSameSource(value, was);
    if (SETTLED.has(key) && value === "auto") return true;
    // A budget has shortened it.
    if (key === "warmup_epochs" && before.budget !== null && Number(value) > before.warmup_epochs) return true;
    return JSON.stringify(value) === JSON.stringify(was);
  };
  const lengths: readonly string[] = LENGTHS;
  return Object.fromEntries(
    Object.entries(given).filter(([key, value]) => !lengths.includes(key) && !same(key, value)),
  );
}

/** Whether weights to begin with may be those that a run has begun with: where a branch of the hub's led by then is not asked again. */
function isSameSource(value: string, was: unknown): boolean {
  if (!isHub(value)) return resolve(value) === was;
  return typeof was === "string" && isHub(was) && isSameModel(value, was);
}

/** Steps or epochs that are asked for end a budget; another budget ends the steps that the first one had room for. */
function budgeted(asked: Config, before: Config, length: Settings): Partial<Pick<Config, "budget" | "steps">> {
  if (length.budget !== undefined) return asked.budget === before.budget ? {} : { steps: null };
  return Object.keys(length).length > 0 ? { budget: null } : {};
}

/** A moment as a part of a folder's name: `20260131-235959`, local time. */
export function stamp(moment: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${moment.getFullYear()}${two(moment.getMonth() + 1)}${two(moment.getDate())}`;
  return `${day}-${two(moment.getHours())}${two(moment.getMinutes())}${two(moment.getSeconds())}`;
}
