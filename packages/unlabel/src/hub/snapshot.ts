// A model of the hub as a folder on this machine: asked for once, kept where all of the hub's clients keep it, and pinned to a commit.
// Own code, since `@huggingface/hub` neither goes on with a file that broke off nor checks what it got, and knows neither HF_ENDPOINT nor
// HF_HUB_OFFLINE nor the token file.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../base/errors.ts";
import { HubCache } from "./cache.ts";
import { download } from "./download.ts";
import { DownloadProgress, type HubStream } from "./progress.ts";
import { type HubReference, hubReference, isCommit, pinned } from "./reference.ts";
import { type HubFile, type HubModel, modelInfo, Unreachable } from "./requests.ts";
import { type HubSettings, hubSettings } from "./settings.ts";
import { BESIDE, shardsOf, weightsAmong } from "./wanted.ts";

/** A model of the hub, on this machine. */
export interface HubSnapshot {
  /** The folder with its files. */
  folder: string;
  /** `hub:ORG/NAME@COMMIT`. */
  name: string;
  /** What a reader should know. */
  notes: string[];
}

/** Of what lies beside weights. */
const MOST_BESIDE = 1 << 24;

/**
 * The folder of a model: from the cache where its commit is there, else downloaded.
 *
 * @param text `hub:ORG/NAME[@REVISION]`
 * @param stream takes lines on how far a download has come
 * @throws {UsageError} for another text
 * @throws {UserError} where there is no such model, it may not be read, it holds no weights, or nothing answers and nothing is kept
 */
export async function hubSnapshot(
  text: string,
  stream: HubStream = process.stderr,
  settings: HubSettings = hubSettings(),
): Promise<HubSnapshot> {
  const reference = hubReference(text);
  const { repo, revision } = reference;
  const cache = new HubCache(settings.cache, repo);
  const kept = isCommit(revision) ? revision : cache.commitOf(revision ?? "main");
  const from = (commit: string, ...notes: string[]) => {
    return { folder: cache.snapshot(commit), name: pinned(reference, commit), notes };
  };
  // Nothing can have changed of a commit.
  if (isCommit(revision) && cache.isWhole(revision, true)) return from(revision);
  const isThere = kept !== null && cache.isWhole(kept, false);
  if (settings.offline) {
    if (isThere) return from(kept);
    throw new UserError(
      `Expected ${text} in ${settings.cache}, where it has not been downloaded to; HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE forbids asking ${settings.host} for it`,
    );
  }
  try {
    const commit = await brought(settings, cache, reference, stream);
    return from(commit);
  } catch (error) {
    if (!(error instanceof Unreachable) || !isThere) throw error;
    return from(kept, `${settings.host} did not answer: ${repo} is the one that was downloaded before`);
  }
}

/** Downloads what is missing. @returns the commit */
async function brought(
  settings: HubSettings,
  cache: HubCache,
  reference: HubReference,
  stream: HubStream,
): Promise<string> {
  const model = await modelInfo(settings, reference);
  const { commit } = model;
  const bring = async (file: HubFile) => {
    using progress = new DownloadProgress(`${pinned(reference, commit.slice(0, 7))} ${file.name}`, stream);
    await download(settings, cache, { reference, commit, file }, (done, total) => progress.update(done, total));
  };
  const main = weightsOf(model, reference, settings);
  for (const name of BESIDE) {
    const file = model.files.find((one) => one.name === name);
    if (!file) cache.noteAbsent(commit, name);
    else if ((file.size ?? 0) <= MOST_BESIDE) await bring(file);
  }
  await bring(main);
  if (main.name.endsWith(".index.json")) {
    for (const file of shards(model, cache, main.name, reference)) await bring(file);
  }
  if (!isCommit(reference.revision)) cache.note(reference.revision ?? "main", commit);
  return commit;
}

/** @throws {UserError} where there is not one file of weights, and what there is instead */
function weightsOf({ files }: HubModel, { repo }: HubReference, { endpoint }: HubSettings): HubFile {
  const found = weightsAmong(files.map(({ name }) => name));
  const file = files.find(({ name }) => name === found);
  if (file) return file;
  const others = Array.isArray(found) ? found : [found];
  const got =
    others.length === 0
      ? `none among its ${files.length} files`
      : `${others.length} of them (${others.slice(0, 3).join(", ")}, …); download one from ${endpoint}/${repo} and name its file`;
  throw new UserError(`Expected one file of weights (model.safetensors, pytorch_model.bin) in hub:${repo}, got ${got}`);
}

function shards({ commit, files }: HubModel, cache: HubCache, index: string, { repo }: HubReference): HubFile[] {
  const names = shardsOf(readFileSync(join(cache.snapshot(commit), index), "utf8"));
  const found = names?.flatMap((name) => files.find((file) => file.name === name) ?? []);
  if (found && found.length === names?.length) return found;
  throw new UserError(`Expected ${index} of hub:${repo} to name files that are there, got other names`);
}
