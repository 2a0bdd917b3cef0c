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

/** 404 with a line for the page. */
export function notFound(message: string): HTTPException {
  return new HTTPException(404, { message });
}

/** 400 with a line for the page. */
export function badRequest(message: string): HTTPException {
  return new HTTPException(400, { message });
}
