// What parts' answers have in common.
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { KnownRun } from "../runs/library.ts";
import type { Studio } from "./part.ts";

/** The run that a request's address names. @throws {HTTPException} 404 where there is none */
export function runOf(c: Context, studio: Studio): KnownRun {
  const run = studio.runs.get(c.req.param("id") ?? "");
  if (!run) throw notFound("Expected a run that is there, got one that has gone, or never was");
  return run;
}

/** Runs that are shown together. */
const MOST_RUNS = 40;

/**
 * The runs of `?runs=ID,ID`; those that have gone are left out.
 *
 * @throws {HTTPException} 400 where none is named, or more than are shown together
 */
export function runsOf(c: Context, studio: Studio): KnownRun[] {
  const ids = (c.req.query("runs") ?? "").split(",").filter(Boolean);
  if (ids.length === 0 || ids.length > MOST_RUNS)
    throw badRequest(`Expected 1 to ${MOST_RUNS} runs, got ${ids.length}`);
  return [...new Set(ids)].flatMap((id) => studio.runs.get(id) ?? []);
}

/** 404 with a line for the page. */
export function notFound(message: string): HTTPException {
  return new HTTPException(404, { message });
}

/** 400 with a line for the page. */
export function badRequest(message: string): HTTPException {
  return new HTTPException(400, { message });
}
