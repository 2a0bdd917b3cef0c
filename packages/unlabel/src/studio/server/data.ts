// Images that runs were trained on: which there are, what a check finds in them, and labelling them.

import { join } from "node:path";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { UserError } from "../../base/errors.ts";
import { placeOf } from "../atlas/within.ts";
import type { CheckedTold, DataTold, WorkState } from "../messages/atlas.ts";
import type { RunRow } from "../messages/runs.ts";
import type { Folders } from "../runs/folders.ts";
import type { KnownRun } from "../runs/library.ts";
import { readRunFile } from "../runs/row.ts";
import { bodyOf, bytes, sheetAsked } from "./images.ts";
import type { Part, Studio } from "./part.ts";
import { badRequest, notFound } from "./send.ts";
import { jobsOf } from "./work.ts";

const root = z.string().min(1).max(4096);
const Check = z.strictObject({ root });
/** A class's name: something, on one line. */
const label = z
  .string()
  .transform((text) => text.normalize("NFC").trim())
  .pipe(
    z
      .string()
      .min(1)
      .max(80)
      .regex(/^\P{Cc}+$/u),
  );
const Open = z.strictObject({
  root,
  runs: z.array(z.string().max(12)).min(1).max(12),
  name: z.string().regex(/^[\w][\w. -]{0,100}\.csv$/),
});
const Close = z.strictObject({ id: z.string().max(40) });
const Act = z.strictObject({
  id: z.string().max(40),
  at: z.int().min(0),
  image: z.int().min(0).nullable(),
  label: label.nullable(),
});

/** `/api/data…`, `/api/label…`. */
export const dataPart: Part = (app, studio) => {
  const limit = bodyLimit({
    maxSize: 20_000,
    onError: (c) => c.json({ error: "Expected at most 20 kB, got more" }, 413),
  });

  app.get("/api/data", async (c) => c.json({ data: await dataOf(studio) }));
  app.get("/api/data/check", async (c) => {
    const place = await knownRoot(studio, c.req.query("root") ?? "");
    const state = jobsOf(studio).state<CheckedTold>(checkName(place));
    const idle: WorkState<CheckedTold> = { state: "idle", words: "Reads every image once", command: null };
    return c.json(state ?? idle);
  });
  app.post("/api/data/check", limit, async (c) => {
    const place = await knownRoot(studio, (await bodyOf(c, Check, "a folder of images")).root);
    const jobs = jobsOf(studio);
    return c.json(jobs.begin<CheckedTold>(checkName(place), (on) => jobs.work.ask("check", { root: place }, on)));
  });
  app.get("/api/data/sheet", async (c) => {
    const place = await knownRoot(studio, c.req.query("root") ?? "");
    const { images, edge } = sheetAsked(c);
    const sheet = await jobsOf(studio).work.ask("checkedThumbnails", { root: place, images, edge });
    // Numbers are of images as they are now: checked again, one address may mean other ones.
    return bytes(sheet, "image/jpeg", "private, no-cache");
  });

  app.post("/api/label/open", limit, async (c) => {
    const { root: place, runs, name } = await bodyOf(c, Open, "images, runs, and the name of a .csv for the labels");
    await knownRoot(studio, place);
    const dirs = runs.map((id) => studio.runs.get(id)?.dir ?? gone());
    // Beside the runs, where the person who begins them looks for what came of them.
    const file = join(studio.folders.roots[0]!.real, name);
    const jobs = jobsOf(studio);
    const ask = { root: place, dirs, file };
    const onWork = (words: string, share: number | null) => {
      opening = { words, share };
      studio.events.tell("label");
    };
    try {
      return c.json(await jobs.work.ask("labelOpen", ask, { onWork }));
    } finally {
      opening = null;
      studio.events.tell("label");
    }
  });
  app.get("/api/label/opening", (c) => c.json(opening ?? { words: null, share: null }));
  app.post("/api/label/act", limit, async (c) => {
    const asked = await bodyOf(c, Act, "a label of 1 to 80 characters on one line");
    return c.json(await jobsOf(studio).work.ask("labelAct", asked));
  });
  app.post("/api/label/close", limit, async (c) => {
    const { id } = await bodyOf(c, Close, "the session to end");
    await jobsOf(studio).work.ask("labelClose", { id });
    return c.json({});
  });
  app.get("/api/label/picture/:session/:image{[0-9]{1,9}}", async (c) => {
    const ask = { id: c.req.param("session"), image: Number(c.req.param("image")) };
    const found = await jobsOf(studio).work.ask("labelPicture", ask);
    return bytes(found.bytes, found.type, "private, max-age=3600, immutable");
  });
};

let opening: { words: string; share: number | null } | null = null;

function gone(): never {
  throw notFound("Expected runs that are there, got one that has gone, or never was");
}

function checkName(place: string): string {
  return `check:${place}`;
}

/** A root that one of the runs names: requests name no folders of their own. */
async function knownRoot(studio: Studio, asked: string): Promise<string> {
  const found = (await dataOf(studio)).find((one) => one.root === asked);
  if (!found) throw badRequest("Expected images that one of the runs was trained on, got others");
  if (found.problem !== null) throw new UserError(found.problem);
  return asked;
}

/** By row, of which there is a new one whenever a run has changed: every sheet of thumbnails asks. */
const known = new WeakMap<RunRow, string | null>();

/** Where a run's images lie, as it says; null where it says nothing. */
async function rootOf(folders: Folders, { dir, row }: KnownRun): Promise<string | null> {
  const before = row === null ? undefined : known.get(row);
  if (before !== undefined) return before;
  const file = await readRunFile(folders, dir).catch(() => null);
  const found = file?.data?.root || null;
  if (row !== null && file !== null) known.set(row, found);
  return found;
}

async function dataOf({ runs, folders }: Studio): Promise<DataTold[]> {
  const roots = new Map<string, string[]>();
  for (const run of runs.all()) {
    const own = await rootOf(folders, run);
    if (own === null) continue;
    roots.set(own, [...(roots.get(own) ?? []), run.id]);
  }
  const real = folders.roots.map((one) => one.real);
  return [...roots].map(([own, ids]) => ({ root: own, runs: ids, problem: problemOf(own, real) }));
}

function problemOf(own: string, roots: readonly string[]): string | null {
  try {
    placeOf(own, roots);
    return null;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}
