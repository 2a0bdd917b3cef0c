// Series of runs for the pages' charts, out of their indices: at once what is read by now, the rest as it comes.

import type { Point, Series } from "../../run/read/series.ts";
import type { CurveMessage, RunCurves } from "../messages/runs.ts";
import type { Events } from "../server/events.ts";
import type { KnownRun, RunLibrary } from "./library.ts";

/** A page waits no longer than this for a file's end. */
const WAIT_MS = 250;
/** While a long file is being read, pages are told so often. */
const NEWS_MS = 700;

/**
 * A run's series, those of `keys`, or all.
 *
 * @param batch images a step, where known
 * @throws {UserError} where its metrics are no file that may be read
 */
export async function readCurves(
  library: RunLibrary,
  events: Events,
  run: KnownRun,
  batch: number | null,
  keys: readonly string[] | null,
): Promise<RunCurves> {
  const index = library.metrics(run);
  let told = Date.now() + WAIT_MS;
  let isLate = false;
  const done = index.advance(() => {
    if (Date.now() - told < NEWS_MS) return;
    told = Date.now();
    events.tell(`run:${run.id}`);
  });
  // Whoever was answered before the end is told of it.
  done.then(
    () => isLate && events.tell(`run:${run.id}`),
    () => {},
  );
  let timer: NodeJS.Timeout | undefined;
  const wait = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      isLate = true;
      resolve();
    }, WAIT_MS);
  });
  try {
    await Promise.race([done, wait]);
  } finally {
    clearTimeout(timer);
  }
  const series: Record<string, CurveMessage> = Object.create(null);
  const known = [...index.series.keys()].filter((key) => key !== "seconds").sort();
  const ahead = index.share < 1 ? await index.ahead() : NOTHING;
  for (const key of [...(keys ?? known), "seconds"]) {
    const found = index.series.get(key);
    if (found) series[key] = messageOf(found, ahead.get(key) ?? []);
  }
  return { id: run.id, series, keys: known, batch, read: index.share, torn: index.torn };
}

/** As many digits as a chart shows. */
function short([step, value]: Point): Point {
  return [step, Number(value.toPrecision(6))];
}

const NOTHING: ReadonlyMap<string, Point[]> = new Map();

function messageOf(series: Series, ahead: readonly Point[]): CurveMessage {
  return {
    points: [...series.points(), ...ahead].map(short),
    means: series.isThinned ? [...series.means(Number.POSITIVE_INFINITY), ...ahead].map(short) : null,
    count: series.count,
    broken: series.broken,
    brokenAt: series.brokenAt,
  };
}
