// One file of a model into the hub's cache: in one piece or on from where an earlier try broke off, no longer than announced, and only
// there once its checksum has been seen to be right.
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../base/errors.ts";
import { explained, makeFolder, removeQuietly } from "../base/files.ts";
import { bytesInWords } from "../base/text.ts";
import type { HubCache } from "./cache.ts";
import { clearParts, takePart } from "./part.ts";
import { type HubReference, pinned } from "./reference.ts";
import {
  type Answer,
  ask,
  type HubFile,
  isChecksum,
  Patience,
  refuse,
  silence,
  Unreachable,
  whole,
  why,
} from "./requests.ts";
import type { HubSettings } from "./settings.ts";

/** The largest encoder that is known has 1.2 GB; whole checkpoints of trainings hold several of it. */
const MOST_BYTES = 16e9;
const TRIES = 5;
const PIECE = 1 << 20;

/** Told how many bytes of how many are there. */
export type OnBytes = (done: number, total: number) => void;

/** What is downloaded, and where from. */
export interface Wanted {
  reference: HubReference;
  commit: string;
  file: HubFile;
}

/**
 * Brings a file of a commit into the cache, unless it is there.
 *
 * @throws {UserError} where it is not what the hub announces, too large, or cannot be written
 * @throws {Unreachable} where the connection broke more often than is tried
 */
export async function download(
  settings: HubSettings,
  cache: HubCache,
  wanted: Wanted,
  onBytes: OnBytes,
): Promise<void> {
  const { commit, file } = wanted;
  for (let tried = 1; ; tried++) {
    if (cache.has(commit, file.name)) return;
    // Known from the list already, so that a content of another commit, or of another process, is not asked for again.
    if (file.checksum !== null && existsSync(cache.blob(file.checksum))) {
      clearParts(cache.blob(file.checksum));
      return cache.link(commit, file.name, file.checksum);
    }
    try {
      return await attempt(settings, cache, wanted, onBytes);
    } catch (error) {
      if (!(error instanceof Unreachable) || tried === TRIES) throw error;
      await sleep(Math.min(settings.patience, 200 * 2 ** tried));
    }
  }
}

async function attempt(settings: HubSettings, cache: HubCache, wanted: Wanted, onBytes: OnBytes): Promise<void> {
  const { reference, commit, file } = wanted;
  const address = `${settings.endpoint}/${reference.repo}/resolve/${commit}/${encodeURIComponent(file.name)}`;
  const name = `${pinned(reference, commit)}, ${file.name}`;
  makeFolder(dirname(cache.blob("any")));
  // Of every content a file of its own: where the list does not say which, it is begun anew.
  using known = file.checksum === null ? null : takePart(cache.blob(file.checksum));
  const begun = known && existsSync(known.path) ? sizeOf(known.path) : 0;
  const there = file.size !== null && begun >= file.size ? 0 : begun;
  using patience = new Patience(settings.patience);
  const range: Record<string, string> = there > 0 ? { range: `bytes=${there}-` } : {};
  const answer = await ask(settings, address, range, patience.signal);
  const { response } = answer;
  if (response.status !== 200 && response.status !== 206) await refuse(response, settings, reference);
  try {
    const { etag, size, from } = announced(answer, file, there, name);
    using found = known ?? takePart(cache.blob(etag));
    const part = found.path;
    refuseFull(cache.path, size - from, name);
    const target = opened(part);
    try {
      if (from === 0) ftruncateSync(target, 0);
      await write(target, from, size, { answer, patience, settings, name, onBytes });
      if (!isRight(target, etag, size)) {
        removeQuietly(part);
        throw new UserError(`Expected ${name} as the hub announces it (${etag}), got other bytes; try again`);
      }
    } finally {
      closeSync(target);
    }
    place(part, cache.blob(etag));
    clearParts(cache.blob(etag));
    cache.link(commit, file.name, etag);
  } finally {
    await response.body?.cancel().catch(() => {});
  }
}

/** What comes: its checksum, its size and from which byte on. */
function announced({ response, etag, size: linked }: Answer, file: HubFile, there: number, name: string) {
  const found = etag ?? file.checksum;
  if (found === null || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(found))
    throw new UserError(`Expected a checksum of ${name}, got none`);
  if (file.checksum !== null && isChecksum(found) && found !== file.checksum)
    throw new UserError(`Expected ${name} with checksum ${file.checksum}, got ${found}; try again`);
  const checksum = file.checksum ?? found;
  const from = response.status === 206 ? there : 0;
  const part = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
  if (response.status === 206 && Number(part?.[1]) !== from)
    throw new Unreachable(`Expected ${name} from byte ${from} on, got another part of it`);
  const length = whole(response.headers.get("content-length"));
  const size = file.size ?? linked ?? (part ? Number(part[2]) : length);
  if (size === null) throw new UserError(`Expected the size of ${name}, got none`);
  if (size > MOST_BYTES)
    throw new UserError(`Expected at most ${bytesInWords(MOST_BYTES)} of ${name}, got ${bytesInWords(size)}`);
  if (length !== null && length + from !== size)
    throw new UserError(`Expected ${size} bytes of ${name}, got ${length + from} announced`);
  return { etag: checksum, size, from };
}

function refuseFull(folder: string, bytes: number, name: string): void {
  let free: number;
  try {
    const { bavail, bsize } = statfsSync(folder);
    free = bavail * bsize;
  } catch {
    return; // not every file system tells
  }
  if (free < bytes)
    throw new UserError(
      `Expected room for ${bytesInWords(bytes)} in ${folder}, got ${bytesInWords(free)} for ${name}; HF_HOME names another place`,
    );
}

function opened(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0), 0o644);
  } catch (error) {
    throw explained(path, error);
  }
}

interface Writing {
  answer: Answer;
  patience: Patience;
  settings: HubSettings;
  name: string;
  onBytes: OnBytes;
}

async function write(file: number, from: number, size: number, writing: Writing): Promise<void> {
  const { answer, patience, settings, name, onBytes } = writing;
  let at = from;
  const reader = answer.response.body?.getReader();
  onBytes(at, size);
  for (;;) {
    let piece: Uint8Array | undefined;
    try {
      piece = (await reader?.read())?.value;
    } catch (error) {
      const reason = patience.signal.aborted ? silence(settings.patience) : why(error);
      throw new Unreachable(`Expected all ${bytesInWords(size)} of ${name}, got ${bytesInWords(at)}: ${reason}`);
    }
    if (piece === undefined) break;
    patience.again();
    if (at + piece.length > size) throw new UserError(`Expected ${size} bytes of ${name}, got more`);
    try {
      for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done, piece.length - done, at + done);
    } catch (error) {
      throw explained(name, error);
    }
    at += piece.length;
    onBytes(at, size);
  }
  if (at < size) throw new Unreachable(`Expected all ${bytesInWords(size)} of ${name}, got ${bytesInWords(at)}`);
}

/** SHA-256 of the content, or of small files Git's SHA-1 of what it makes of them. Another kind of mark says nothing of contents. */
function isRight(file: number, etag: string, size: number): boolean {
  if (fstatSync(file).size !== size) return false;
  if (!isChecksum(etag)) return true;
  const hash = etag.length === 64 ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
  const piece = Buffer.allocUnsafe(PIECE);
  for (let at = 0; at < size; ) {
    const got = readSync(file, piece, 0, PIECE, at);
    if (got === 0) return false;
    hash.update(piece.subarray(0, got));
    at += got;
  }
  return hash.digest("hex") === etag;
}

function sizeOf(path: string): number {
  const file = opened(path);
  try {
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}

/** Another process may have put the same there. */
function place(part: string, blob: string): void {
  try {
    renameSync(part, blob);
  } catch (error) {
    if (!existsSync(blob)) throw explained(blob, error);
  }
}
