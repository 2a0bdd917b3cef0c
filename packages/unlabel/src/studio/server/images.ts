// A run's images in the studio: its map, searches in them, pictures of which a part is hidden, names and thumbnails by number.
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import type { Asked } from "../atlas/requests.ts";
import type { MapTold, WorkState } from "../messages/atlas.ts";
import type { KnownRun } from "../runs/library.ts";
import type { Part, Studio } from "./part.ts";
import { badRequest, notFound, runOf } from "./send.ts";
import { jobsOf } from "./work.ts";

/** Pictures in a sheet, and the edges that they may have in pixels. */
const MOST_IN_SHEET = 100;
const EDGES = [24, 32, 48, 64, 96, 128, 160];
/** Names at a time. */
const MOST_NAMES = 100_000;
/** Of a picture that is dropped on a page. */
const MOST_BYTES = 25_000_000;

const number = z.int().min(0).max(1e9);
const Names = z.strictObject({ images: z.array(number).max(MOST_NAMES) });
const Search = z.strictObject({ image: number, k: z.int().min(1).max(100) });
const Masked = z.strictObject({
  image: number.nullable(),
  /** A picture's bytes, base64, where it is none of the run's. */
  picture: z
    .string()
    .max(Math.ceil((4 / 3) * MOST_BYTES))
    .nullable(),
  hidden: z.array(number).max(10_000).nullable(),
});

/** A map and its points. */
interface Drawn {
  told: MapTold;
  points: Uint8Array;
}

/** `/api/map/ID…`, `/api/search/ID`, `/api/masked/ID`, `/api/images/ID/…`. */
export const imagesPart: Part = (app, studio) => {
  const limit = (maxSize: number) =>
    bodyLimit({ maxSize, onError: (c) => c.json({ error: `Expected at most ${maxSize / 1e6} MB, got more` }, 413) });

  /** A map of the run that is there now. */
  const drawn = (run: KnownRun): WorkState<Drawn> | undefined => {
    const state = jobsOf(studio).state<Drawn>(mapName(run));
    const isOlder =
      state?.state === "done" && run.row?.created != null && state.result.told.created !== run.row.created;
    return isOlder ? undefined : state;
  };
  app.get("/api/map/:id", (c) => c.json(told(drawn(runOf(c, studio)))));
  app.post("/api/map/:id", limit(1000), (c) => {
    const run = runOf(c, studio);
    const jobs = jobsOf(studio);
    return c.json(told(jobs.begin<Drawn>(mapName(run), (on) => jobs.work.ask("map", { dir: run.dir }, on))));
  });
  app.post("/api/map/:id/stop", limit(1000), (c) => {
    jobsOf(studio).stop(mapName(runOf(c, studio)));
    return c.json({});
  });
  app.get("/api/map/:id/points", (c) => {
    const state = drawn(runOf(c, studio));
    if (state?.state !== "done") throw notFound("Expected a map that is drawn, got none; draw it first");
    return bytes(state.result.points, "application/octet-stream");
  });

  app.get("/api/images/:id/sheet", async (c) => {
    const run = runOf(c, studio);
    const { images, edge } = sheetAsked(c);
    const sheet = await jobsOf(studio).work.ask("thumbnails", { dir: run.dir, images, edge });
    // A run trained anew at its place has other images by the same numbers.
    return bytes(sheet, "image/jpeg", "private, no-cache");
  });
  app.get("/api/images/:id/picture/:image{[0-9]{1,9}}", async (c) => {
    const run = runOf(c, studio);
    const found = await jobsOf(studio).work.ask("picture", { dir: run.dir, image: Number(c.req.param("image")) });
    return bytes(found.bytes, found.type, "private, no-cache");
  });
  app.post("/api/images/:id/names", limit(1_500_000), async (c) => {
    const run = runOf(c, studio);
    const { images } = await bodyOf(c, Names, "numbers of images");
    return c.json({ names: await jobsOf(studio).work.ask("names", { dir: run.dir, images }) });
  });

  // The bytes of a picture, or `{ image, k }` for one of the run's own.
  app.post("/api/search/:id", limit(MOST_BYTES), async (c) => {
    const run = runOf(c, studio);
    const isBytes = /^application\/octet-stream/i.test(c.req.header("content-type") ?? "");
    const own = isBytes ? null : await bodyOf(c, Search, "the number of an image, and how many to find");
    const k = own?.k ?? wholeOf(c.req.query("k") ?? "12", 1, 100);
    const asked: Asked = own ? { image: own.image } : { bytes: new Uint8Array(await c.req.arrayBuffer()) };
    return c.json(
      await watched(studio, run, (on) => jobsOf(studio).work.ask("search", { dir: run.dir, asked, k }, on)),
    );
  });
  app.post("/api/masked/:id", limit(1.4 * MOST_BYTES), async (c) => {
    const run = runOf(c, studio);
    const { image, picture, hidden } = await bodyOf(c, Masked, "an image and the patches to hide");
    if ((image === null) === (picture === null)) throw badRequest("Expected one image, by its number or by its bytes");
    const asked: Asked =
      picture === null ? { image: image! } : { bytes: new Uint8Array(Buffer.from(picture, "base64")) };
    return c.json(
      await watched(studio, run, (on) => jobsOf(studio).work.ask("masked", { dir: run.dir, asked, hidden }, on)),
    );
  });
  // How far the answer is that a page waits for.
  app.get("/api/work/:id", (c) => c.json(waiting.get(runOf(c, studio).id) ?? { words: null, share: null }));
};

const waiting = new Map<string, { words: string; share: number | null }>();

/** Answers while pages hear, under `work:ID`, how far it is. */
async function watched<T>(
  { events }: Studio,
  { id }: KnownRun,
  work: (on: { onWork: (words: string, share: number | null) => void }) => Promise<T>,
): Promise<T> {
  const topic = `work:${id}`;
  try {
    return await work({
      onWork: (words, share) => {
        waiting.set(id, { words, share });
        events.tell(topic);
      },
    });
  } finally {
    if (waiting.delete(id)) events.tell(topic);
  }
}

function mapName({ id }: KnownRun): string {
  return `map:${id}`;
}

/** Without the points, which are asked for by themselves. */
function told(state: WorkState<Drawn> | undefined): WorkState<MapTold> {
  if (state === undefined) {
    return {
      state: "idle",
      words: "Encodes the images that the run was trained on, unless it keeps their features, and lays them out",
      command: null,
    };
  }
  return state.state === "done" ? { state: "done", result: state.result.told } : state;
}

/** Numbers of images, and the edge of a picture. */
export function sheetAsked(c: Context): { images: number[]; edge: number } {
  const edge = wholeOf(c.req.query("edge") ?? "48", 1, 1000);
  if (!EDGES.includes(edge)) throw badRequest(`Expected ${EDGES.join(", ")} for edge, got ${edge}`);
  const list = c.req.query("images") ?? "";
  if (!/^\d{1,9}(,\d{1,9})*$/.test(list)) throw badRequest("Expected numbers of images, with commas between them");
  const images = list.split(",").map(Number);
  if (images.length > MOST_IN_SHEET) throw badRequest(`Expected at most ${MOST_IN_SHEET} images, got ${images.length}`);
  return { images, edge };
}

/** A whole number of a request. */
export function wholeOf(text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < least || value > most)
    throw badRequest(`Expected a whole number from ${least} to ${most}`);
  return value;
}

/** A request's JSON. @param what it should be, in words */
export async function bodyOf<T>(c: Context, schema: z.ZodType<T>, what: string): Promise<T> {
  const { data } = schema.safeParse(await c.req.json().catch(() => null));
  if (!data) throw badRequest(`Expected ${what}, got something else`);
  return data;
}

/** Bytes as they are. */
export function bytes(body: Uint8Array, type: string, cache = "no-store"): Response {
  return new Response(new Uint8Array(body), { headers: { "Content-Type": type, "Cache-Control": cache } });
}
