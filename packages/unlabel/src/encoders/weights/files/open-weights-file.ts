// Opens a file with weights, of whatever format, by its first bytes; sharded ones by their index.
import { basename, dirname, join } from "node:path";
import { UserError } from "../../../base/errors.ts";
import { FileBytes } from "./file-bytes.ts";
import { readSafetensors } from "./safetensors.ts";
import { readTorchLegacy } from "./torch-legacy.ts";
import { readTorchZip } from "./torch-zip.ts";
import type { Entry, WeightsFile } from "./weights-file.ts";
import { whatItIs } from "./what-it-is.ts";

const NOTHING = { metadata: {}, parts: [], inert: [], calls: [], notes: [] };
/** An index of a thousand shards takes less. */
const MOST_INDEX = 1 << 26;
/** As many are open at once; models of a terabyte have fewer. */
const MOST_SHARDS = 512;

/**
 * @param path of a `.safetensors`, `.pth`, `.pt` or `.bin` file, or of the `.index.json` of several
 * @throws {UserError} for a file that is none of these, and what it is instead
 */
export async function openWeightsFile(path: string): Promise<WeightsFile> {
  const file = new FileBytes(path);
  const close = () => file.close();
  try {
    const found = whatItIs(file);
    if ("instead" in found) {
      throw new UserError(`Expected weights (.safetensors, .pth, .pt or .bin) in ${path}, got ${found.instead}`);
    }
    if (found.format === "safetensors") {
      return { ...NOTHING, path, format: "safetensors", ...readSafetensors(file), close };
    }
    if (found.format === "zip") {
      return { ...NOTHING, path, format: "PyTorch (zip)", ...(await readTorchZip(file)), close };
    }
    if (found.format === "pickle") return { ...NOTHING, path, ...readTorchLegacy(file), close };
    const shards = shardsOf(file);
    close();
    return await openShards(path, shards);
  } catch (error) {
    close();
    throw error;
  }
}

/** Several files, of which an index says which holds what. */
async function openShards(path: string, shards: ReadonlyMap<string, string>): Promise<WeightsFile> {
  const files: WeightsFile[] = [];
  const close = () => {
    for (const file of files) file.close();
  };
  try {
    for (const name of new Set(shards.values())) {
      // A name of another folder would be another's file.
      if (basename(name) !== name || name.endsWith(".index.json")) {
        throw new UserError(`Expected names of files beside ${path} in it, got ${name}`);
      }
      files.push(await openWeightsFile(join(dirname(path), name)));
    }
    const all = new Map<string, Entry>(
      files.flatMap(({ entries }) => entries.map((entry) => [entry.name, entry] as const)),
    );
    const missing = [...shards].filter(([name]) => !all.has(name));
    if (missing.length > 0) {
      const [name, file] = missing[0]!;
      throw new UserError(
        `Expected ${name} in ${file}, as ${path} says, got none; one of the files is another version's`,
      );
    }
    const format = `${files[0]?.format ?? "nothing"} in ${files.length} files`;
    const joined = (key: "inert" | "calls") => [...new Set(files.flatMap((file) => file[key]))];
    return {
      ...{ ...NOTHING, path, format, close },
      ...{
        entries: [...all.values()],
        metadata: files[0]?.metadata ?? {},
        inert: joined("inert"),
        calls: joined("calls"),
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

function shardsOf(file: FileBytes): Map<string, string> {
  const { path, size } = file;
  const refuse = (found: string): never => {
    throw new UserError(`Expected an index of files ({"weight_map": {NAME: FILE}}) in ${path}, got ${found}`);
  };
  if (size > MOST_INDEX) refuse(`one of ${size} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(file.read(0, size).toString("utf8"));
  } catch {
    return refuse("something that is no JSON; it is damaged");
  }
  const map = typeof json === "object" && json !== null && "weight_map" in json ? json.weight_map : null;
  if (typeof map !== "object" || map === null) return refuse("one without weight_map");
  const entries = Object.entries(map);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === "string")) return refuse("other values");
  const files = new Set(entries.map(([, name]) => name)).size;
  if (files > MOST_SHARDS) refuse(`one of ${files} files, where ${MOST_SHARDS} are the most`);
  return new Map(entries);
}
