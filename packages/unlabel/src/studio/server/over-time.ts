// What a run made of a few images while it trained; the sheets themselves are pictures of the run as all others.
import { join } from "node:path";
import { OVER_TIME, PICTURES } from "../../run/pictures-over-time.ts";
import { check } from "../../run/read/file.ts";
import { overTimeSchema } from "../../run/read/schema.ts";
import type { OverTimeTold } from "../messages/over-time.ts";
import { jsonOf } from "../runs/json-text.ts";
import type { Part } from "./part.ts";
import { runOf } from "./send.ts";

/** Far more than any list of such pictures takes. */
const MOST_BYTES = 2_000_000;

/** `/api/over-time/ID`. */
export const overTimePart: Part = (app, { folders, ...studio }) => {
  app.get("/api/over-time/:id", async (c) => {
    const run = runOf(c, { folders, ...studio });
    const path = join(run.dir, PICTURES, OVER_TIME);
    const text = await folders.text(path, MOST_BYTES);
    if (text === null) return c.json({ moments: [] } satisfies OverTimeTold);
    const { moments } = check(overTimeSchema, jsonOf(text, folders.shown(path)), folders.shown(path));
    return c.json({ moments } satisfies OverTimeTold);
  });
};
