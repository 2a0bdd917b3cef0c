// A file of a run that another of its files names, such as a picture of mae.json's. A run may come from a stranger and a page made of
// it may be passed on: what is shown lies in the run itself, and is a picture of the kind that we write there.
import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { UserError } from "../../base/errors.ts";

const STARTS = { png: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], jpeg: [0xff, 0xd8, 0xff] };

/** Far more than any picture of a run takes. */
const MAX_BYTES = 100_000_000;

/**
 * Reads a picture of a run.
 *
 * @param folder of the run's, such as `pictures`
 * @param name of a file in it, as one of the run's files has it
 * @throws {UserError} where the name leads elsewhere, by itself or by a link, or the file is not such a picture
 */
export async function readPicture(
  run: string,
  folder: string,
  name: string,
  kind: keyof typeof STARTS,
): Promise<Buffer> {
  const path = join(run, folder, name);
  if (/[\\/\0]/.test(name) || name === "." || name === ".." || name === "") {
    throw new UserError(`Expected the name of a file in ${join(run, folder)}, got ${name}`);
  }
  const [own, found] = [await realpath(resolve(run)), await realpath(path)];
  if (!found.startsWith(own.endsWith(sep) ? own : own + sep)) {
    throw new UserError(`Expected a file of the run for ${path}, got a link to ${found}`);
  }
  // Links are followed by now; a pipe would keep its reader waiting.
  const file = await open(found, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = await file.stat();
    const content = stat.isFile() && stat.size <= MAX_BYTES ? await file.readFile() : null;
    if (content === null || !STARTS[kind].every((byte, i) => content[i] === byte)) {
      throw new UserError(`Expected a ${kind.toUpperCase()} picture in ${path}, got something else`);
    }
    return content;
  } finally {
    await file.close();
  }
}
