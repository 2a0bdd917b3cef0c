// One run in few numbers, as the table shows it. Nothing in a run's files is believed: what cannot be read is said in its row.
import { basename, join } from "node:path";
import { UserError } from "../../base/errors.ts";
import { visible } from "../../base/text.ts";
import { spelled } from "../../page/format.ts";
import { titleOf } from "../../report/method-words.ts";
import { trainerOf } from "../../run/lock.ts";
import { migrate } from "../../run/migrate.ts";
import { check } from "../../run/read/file.ts";
import { type RunFile, runSchema } from "../../run/read/schema.ts";
import type { RunRow, RunState } from "../messages/runs.ts";
import type { Folders } from "./folders.ts";
import { inShort, jsonOf } from "./json-text.ts";
import { type Glance, glanceAt, metricOf } from "./metric-lines.ts";
import { quickScores } from "./quick-scores.ts";

/** Far more than any run.json takes. */
const MOST_INFO = 5_000_000;
const MOST_LOCK = 10_000;

/** Which run a row is of. */
export interface RunPlace {
  id: string;
  /** Real path. */
  dir: string;
  name: string;
  group: string | null;
}

/** What run.json holds. @throws {UserError} where it is not as agreed */
export async function readRunFile(folders: Folders, dir: string): Promise<RunFile> {
  const path = join(dir, "run.json");
  const text = await folders.text(path, MOST_INFO);
  if (text === null) throw new UserError(`Expected a run.json in ${folders.shown(dir)}, got none any more`);
  return check(runSchema, migrate(jsonOf(text, folders.shown(path)), folders.shown(path)), folders.shown(path));
}

/** A run's row as its files are now. */
export async function readRow(folders: Folders, place: RunPlace): Promise<RunRow> {
  const { id, dir, name, group } = place;
  const row = { ...EMPTY, id, name, group, dir: folders.shown(dir) };
  let file: RunFile;
  try {
    file = await readRunFile(folders, dir);
  } catch (error) {
    return { ...row, problem: problemOf(error) };
  }
  const problems: string[] = [];
  const or = async <T>(value: Promise<T>, otherwise: T): Promise<T> =>
    value.catch((error: unknown) => {
      problems.push(problemOf(error));
      return otherwise;
    });
  const glance = await or(glanceAt(folders, join(dir, "metrics.jsonl")), NOTHING);
  const trainer = await or(trainerAt(folders, dir), null);
  const scores = await or(quickScores(folders, join(dir, "eval")), { linear: null, knn: null });
  const { last, online, spark } = glance;
  const state = stateOf(file.status, trainer?.alive ?? false);
  const total = totalOf(file);
  const batch = numberOf(file.config.batch);
  const pace = paceOf(glance);
  const step = last?.step ?? file.result?.steps ?? 0;
  const told = (evaluated: typeof scores.linear, key: string) =>
    evaluated ?? (online[key] === undefined ? null : { top1: online[key], untrained: null, online: true });
  return {
    ...row,
    state,
    problem: file.error != null ? inShort(visible(file.error)) : (problems[0] ?? null),
    trainer: trainer ? `process ${trainer.pid} on ${inShort(visible(trainer.host))}` : null,
    method: inShort(file.method),
    title: inShort(titleOf(file)),
    encoder: typeof file.config.encoder === "string" ? inShort(spelled(file.config.encoder)) : "",
    data: inShort(basename(file.data?.root ?? "") || (file.data?.root ?? "")),
    seed: file.seed ?? null,
    step,
    total,
    epoch: last?.epoch ?? file.result?.epochs ?? null,
    seconds: last?.seconds ?? file.result?.seconds ?? null,
    eta: state === "live" && total !== null && pace !== null ? Math.max(0, total - step) * pace : null,
    rate: pace !== null && batch !== null && pace > 0 ? batch / pace : (file.result?.images_per_s ?? null),
    loss: (last && metricOf(last, "train/loss")) ?? file.result?.loss_last ?? null,
    spark,
    health: file.health ? { verdict: inShort(file.health.verdict), text: inShort(file.health.text) } : null,
    probe: told(scores.linear, "online/linear_top1"),
    knn: told(scores.knn, "online/knn_top1"),
    created: file.created == null ? null : inShort(file.created),
  };
}

const NOTHING: Glance = { last: null, before: null, online: {}, spark: [] };

const EMPTY: Omit<RunRow, "id" | "name" | "group" | "dir"> = {
  state: "unread",
  problem: null,
  trainer: null,
  method: "",
  title: "",
  encoder: "",
  data: "",
  seed: null,
  step: 0,
  total: null,
  epoch: null,
  seconds: null,
  eta: null,
  rate: null,
  loss: null,
  spark: [],
  health: null,
  probe: null,
  knn: null,
  created: null,
};

/** The process that trains in a run now; null where there is none. */
export async function trainerAt(folders: Folders, dir: string) {
  await using file = await folders.open(join(dir, "lock"));
  if (!file || file.size > MOST_LOCK) return null;
  const found = trainerOf((await file.bytes(0, MOST_LOCK)).toString("utf8"), file.mtimeMs);
  return found?.alive ? found : null;
}

/** A process that trains makes a run live, whatever run.json still says of an earlier one. */
function stateOf(status: RunFile["status"], isHeld: boolean): RunState {
  if (isHeld) return "live";
  return status === "running" ? "stale" : status;
}

/** The steps that a run is to have. */
export function totalOf({ config, steps_per_epoch: perEpoch }: RunFile): number | null {
  const steps = numberOf(config.steps);
  const epochs = numberOf(config.epochs);
  const whole = epochs !== null && perEpoch != null ? epochs * perEpoch : null;
  return steps !== null && whole !== null ? Math.min(steps, whole) : (steps ?? whole);
}

/** Seconds of a step, over the last ones. */
function paceOf({ last, before }: Glance): number | null {
  if (last?.seconds == null) return null;
  if (before?.seconds == null || before.step === last.step) return last.seconds / last.step;
  return (last.seconds - before.seconds) / (last.step - before.step);
}

/** A number of a config that nobody has checked. */
export function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** What went wrong, in one line. */
export function problemOf(error: unknown): string {
  return inShort(visible(error instanceof Error ? error.message : String(error)));
}
