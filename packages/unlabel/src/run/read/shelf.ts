// encoder.json: of an encoder off the shelf, or of an earlier run, that was evaluated beside runs, what run.json is of a run. A report takes
// its folder for one that was never trained.
import { join } from "node:path";
import { z } from "zod";
import { SCHEMA } from "../migrate.ts";
import { check, exists, parseJson } from "./file.ts";
import { classes, type RunFile } from "./schema.ts";

/** The file's name. */
export const SHELF = "encoder.json";

const maybeText = z.string().nullish();

export const shelfSchema = z.looseObject({
  schema: z.literal(1),
  /** What people call it: "dinov2-small as it comes". */
  name: z.string().min(1).max(300),
  source: z.looseObject({
    path: z.string(),
    producer: maybeText,
    encoder: z.string(),
    licence: maybeText,
    /** Of an earlier run: how and how far it was trained, with what it began, and whether on the images that it stands beside here. */
    run: z
      .looseObject({ method: z.string(), step: z.int().min(0), began: maybeText, same_images: z.boolean() })
      .nullish(),
  }),
  /** By its name in the list of encoders. */
  encoder: z.string(),
  size: z.int().min(1),
  /** How it reads images. */
  input: z.object({
    channels: z.int().min(1),
    bands: z.array(z.int().min(1)).readonly().nullable(),
    range: z
      .array(z.tuple([z.number(), z.number()]).readonly())
      .readonly()
      .nullable(),
    tiles: z.int().min(1).nullable(),
  }),
  data: z.looseObject({
    root: z.string(),
    layout: maybeText,
    fingerprint: z.string(),
    train: z.int().min(0),
    val: z.int().min(0),
    classes,
  }),
  created: maybeText,
  versions: z.record(z.string(), z.string().nullable()).nullish(),
  command: maybeText,
});

export type ShelfFile = z.infer<typeof shelfSchema>;

/** What lies in a folder; null where there is none. @throws {UserError} where it is damaged */
export async function readShelf(folder: string): Promise<ShelfFile | null> {
  const path = join(folder, SHELF);
  return (await exists(path)) ? check(shelfSchema, await parseJson(path), path) : null;
}

/** As a run that did nothing. */
export function asRunFile({ name, encoder, size, data, created, versions, command }: ShelfFile): RunFile {
  return {
    schema: SCHEMA,
    status: "done",
    method: "shelf",
    about: { title: name, paper: "", loss: "" },
    config: { encoder, size },
    created,
    versions,
    command,
    data,
  };
}
