// Reads one file of a run directory and holds it against its schema; what is not as agreed is an error naming file and key.
import { type Stats, statSync } from "node:fs";
import { access, readFile, stat } from "node:fs/promises";
import type { z } from "zod";
import { UserError } from "../../base/errors.ts";
import { lines } from "../metrics.ts";

/** Far more than any file of a run takes. */
const MAX_JSON = 200_000_000;

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function describe(error: z.ZodError): string {
  const issue = error.issues[0];
  const key = issue?.path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part)),
    "",
  );
  return `${key ? `at ${key}: ` : ""}${issue?.message ?? error.message}`;
}

/** @throws UserError naming the place and the key that is not as agreed */
export function check<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UserError(`Expected a run directory's format in ${where}, got something else ${describe(result.error)}.`);
}

/** @throws UserError for a folder, a pipe (which would keep its reader waiting) or a device (which has no end) */
async function regular(path: string): Promise<Stats> {
  const found = await stat(path);
  if (!found.isFile()) throw new UserError(`Expected a file in ${path}, got a folder, pipe or device.`);
  return found;
}

/** @throws UserError where the file is no JSON, or has more bytes than `most` */
export async function parseJson(path: string, most = MAX_JSON): Promise<unknown> {
  const { size } = await regular(path);
  if (size > most) throw new UserError(`Expected at most ${most} bytes of JSON in ${path}, got ${size}.`);
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(`Expected JSON in ${path}, got ${text.trim() ? "text that does not parse" : "an empty file"}.`);
  }
}

export async function readJson<T>(schema: z.ZodType<T>, path: string): Promise<T> {
  return check(schema, await parseJson(path), path);
}

/** Yields each line's value and number; a line that is not JSON (torn by a crash, or endless) yields undefined. */
export function* jsonLines(path: string): Generator<{ value: unknown; line: number }> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) {
    throw new UserError(`Expected a file in ${path}, got a folder, pipe or device.`);
  }
  let line = 0;
  for (const { text, whole } of lines(path)) {
    line += 1;
    if (whole && !text.trim()) continue;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      value = undefined;
    }
    yield { value, line };
  }
}
