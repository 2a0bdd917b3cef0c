// What going through a large file found out, kept in the user's cache: it is gone through once, not at every start.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "@unlabel/torch/setup";
import type { z } from "zod";
import { makeFolder, writeAtomically } from "../../base/files.ts";
import type { Bytes } from "./bytes.ts";

export interface Memory<T> {
  /** In the cache folder. */
  folder: string;
  /** Changes with what is kept. */
  format: number;
  schema: z.ZodType<T>;
}

/** What `find` finds in a file, by its name, size and version; read from the cache where it is there. */
export async function remembered<T>(
  bytes: Pick<Bytes, "name" | "size" | "version">,
  { folder, format, schema }: Memory<T>,
  find: () => Promise<T>,
): Promise<T> {
  const key = createHash("sha256").update([format, bytes.name, bytes.size, bytes.version].join("\n")).digest("hex");
  const path = join(cacheDir(), folder, `${key.slice(0, 32)}.json`);
  // Without a version of its own a file may have changed behind its name.
  const known = bytes.version === "" ? null : read(path, schema);
  if (known !== null) return known;
  const found = await find();
  try {
    makeFolder(join(cacheDir(), folder));
    writeAtomically(path, JSON.stringify(found));
  } catch {
    // The cache only saves time: a full disk or a closed folder must not keep anyone from training.
  }
  return found;
}

function read<T>(path: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return null; // not there, or not whole: found anew
  }
}
