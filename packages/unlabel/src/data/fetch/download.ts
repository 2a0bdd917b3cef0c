// One URL to one file: goes on where it stopped, checks the bytes, and gives the file its name only when it is whole.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../../base/errors.ts";
import { isDiskFull, syncFolder } from "../../base/files.ts";
import { ask, type Patience, retry, SILENCE_MS, SilentError, TransientError } from "./http.ts";

export interface DownloadOptions extends Patience {
  /** Of the whole file, in hexadecimal. */
  md5: string;
  /** Bytes here and in all; in all is null where the server does not say. */
  onProgress?: (done: number, total: number | null) => void;
}

/**
 * Fetches `url` to `path`, unless it is there already. What has come so far lies in `path.part` and is kept when it stops, so
 * that the next call goes on from there.
 *
 * @throws {UserError} where it cannot be had, the disk is full, or the bytes are others than they should be
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<void> {
  const { md5, signal } = options;
  if (existsSync(path) && (await md5Of(path)) === md5) return;
  const part = `${path}.part`;
  await retry(url, () => fetchRest(url, part, options), options);
  const found = await md5Of(part);
  signal?.throwIfAborted();
  if (found !== md5) {
    // What is wrong would be wrong again.
    forget(part);
    throw new UserError(
      `Expected the MD5 ${md5} of ${url}, got ${found}; the file is removed, try again or give another --url`,
    );
  }
  renameSync(part, path);
  forget(part);
  syncFolder(dirname(path));
}

async function fetchRest(
  url: string,
  part: string,
  { onProgress, signal, silence: most = SILENCE_MS }: DownloadOptions,
): Promise<void> {
  const here = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  const version = here > 0 && existsSync(versionFile(part)) ? readFileSync(versionFile(part), "utf8") : "";
  // Without a name for the version no one can tell whether the rest belongs to what is here.
  const from = version === "" ? 0 : here;
  const silence = new Silence(most);
  let came = false;
  try {
    const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-`, "if-range": version } : {};
    const answer = await ask(url, headers, signal ? AbortSignal.any([signal, silence.signal]) : silence.signal, most);
    // All of it is here, or too much: the checksum will tell.
    if (answer.status === 416) return await answer.body?.cancel();
    const start = answer.status === 206 ? from : 0;
    const length = answer.headers.get("content-length");
    const total = length === null ? null : start + Number(length);
    writeFileSync(versionFile(part), strongVersion(answer));
    const done = await write(answer, part, start, (bytes) => {
      silence.heard();
      came = true;
      onProgress?.(bytes, total);
      // Asked for more after a stop, a body that has come whole would never answer.
      signal?.throwIfAborted();
    });
    if (total !== null && done < total) throw new TransientError(`${done} of ${total} bytes came`);
  } catch (error) {
    if (silence.signal.aborted) {
      const text = `nothing came for ${most / 1000} s`;
      throw came ? new TransientError(text) : new SilentError(text);
    }
    if (isDiskFull(error))
      throw new UserError(`Expected room on the disk for ${part}, got none; free some and run it again to go on`, {
        cause: error,
      });
    throw error;
  } finally {
    silence.end();
  }
}

/** Puts what comes at `start` and after it; returns where it ends. */
async function write(answer: Response, part: string, start: number, onBytes: (done: number) => void): Promise<number> {
  const file = await open(part, start > 0 ? "r+" : "w");
  let done = start;
  try {
    for await (const chunk of answer.body ?? []) {
      for (let written = 0; written < chunk.length; )
        written += (await file.write(chunk, written, chunk.length - written, done + written)).bytesWritten;
      done += chunk.length;
      onBytes(done);
    }
    await file.sync();
    return done;
  } finally {
    await file.close();
  }
}

/** Cuts a line over which nothing comes. */
class Silence {
  readonly #cut = new AbortController();
  readonly signal = this.#cut.signal;
  readonly #timer: NodeJS.Timeout;

  constructor(most: number) {
    this.#timer = setTimeout(() => this.#cut.abort(), most);
  }

  heard(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** What If-Range takes: a strong ETag, or the time of change. */
function strongVersion(answer: Response): string {
  const etag = answer.headers.get("etag");
  return etag && !etag.startsWith("W/") ? etag : (answer.headers.get("last-modified") ?? "");
}

function versionFile(part: string): string {
  return `${part}.version`;
}

function forget(part: string): void {
  rmSync(part, { force: true });
  rmSync(versionFile(part), { force: true });
}

async function md5Of(path: string): Promise<string> {
  const hash = createHash("md5");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest("hex");
}
