// The runs: their table, one run's page, curves, pictures, and the line on which all is told.

import { codeOf } from "../../base/files.ts";
import { versionOfUnlabel } from "../../base/version.ts";
import { readPicture } from "../../run/read/own-file.ts";
import type { RunsMessage, SettingsMessage } from "../messages/runs.ts";
import { readCurves } from "../runs/curves.ts";
import { readDetail, settingsOf } from "../runs/detail.ts";
import type { KnownRun } from "../runs/library.ts";
import { numberOf, readRunFile } from "../runs/row.ts";
import type { Part, Studio } from "./part.ts";
import { badRequest, notFound, runOf, runsOf } from "./send.ts";

/** A page waits no longer than this for the first look through the folders. */
const FIRST_MS = 400;
/** `/api/runs`, `/api/events`, `/api/run/ID`, `/api/curves`, `/api/run/ID/file/FOLDER/NAME`. */
export const runsPart: Part = (app, studio) => {
  app.get("/api/runs", async (c) => {
    await Promise.race([studio.runs.start(), new Promise((resolve) => setTimeout(resolve, FIRST_MS))]);
    return c.json(runsMessage(studio));
  });
  app.get("/api/events", () =>
    studio.events.open({ type: "hello", version: versionOfUnlabel(), told: studio.runs.told }),
  );
  app.get("/api/run/:id", async (c) => c.json(await readDetail(studio.folders, runOf(c, studio))));
  app.get("/api/curves", async (c) => {
    const keys = c.req.query("keys")?.split(",").filter(Boolean) ?? null;
    const found = runsOf(c, studio);
    return c.json({ runs: await Promise.all(found.map((run) => curvesOf(studio, run, keys))) });
  });
  app.get("/api/settings", async (c) => {
    const found = runsOf(c, studio);
    const settings = async ({ id, dir }: KnownRun) => {
      const file = await readRunFile(studio.folders, dir).catch(() => null);
      return file === null ? [] : [{ id, settings: { ...settingsOf(file.config), data: file.data?.root ?? null } }];
    };
    return c.json({ runs: (await Promise.all(found.map(settings))).flat() } satisfies SettingsMessage);
  });
  app.get("/api/run/:id/file/:folder{pictures|eval}/:name", async (c) => {
    const run = runOf(c, studio);
    const name = c.req.param("name");
    const kind = name.endsWith(".png") ? "png" : name.endsWith(".jpg") ? "jpeg" : null;
    if (kind === null) throw badRequest("Expected a .png or .jpg of a run");
    const bytes = await readPicture(run.dir, c.req.param("folder"), name, kind).catch((error: unknown) => {
      const isNone = ["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes(codeOf(error));
      throw isNone ? notFound("Expected a picture that is there, got none by that name") : error;
    });
    return new Response(new Uint8Array(bytes), {
      headers: { "Content-Type": `image/${kind}`, "Cache-Control": "no-cache" },
    });
  });
};

async function curvesOf(studio: Studio, run: KnownRun, keys: readonly string[] | null) {
  const batch = await readRunFile(studio.folders, run.dir).then(
    ({ config }) => numberOf(config.batch),
    () => null,
  );
  return await readCurves(studio.runs, studio.events, run, batch, keys);
}

function runsMessage({ runs, folders }: Studio): RunsMessage {
  return {
    runs: runs.all().flatMap(({ row }) => row ?? []),
    folders: folders.roots.map(({ given }) => given),
    looking: runs.looking,
    notes: [...runs.notes],
    told: runs.told,
  };
}
