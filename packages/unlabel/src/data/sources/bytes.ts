// Files and URLs as bytes at offsets.
import { type FileHandle, open } from "node:fs/promises";
import { UserError } from "../../base/errors.ts";
import { shellWord } from "../../base/shell.ts";
import { ask, type Patience, retry, TransientError } from "../fetch/http.ts";

/** Reads from an open file; to be closed. */
export interface Opened {
  /** @throws {UserError} where the bytes are not there any more */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface Bytes {
  /** A path or a URL. */
  name: string;
  size: number;
  /** Changes with the content: time of change, or what the server calls it. */
  version: string;
  /** What one read should bring at least. */
  chunk: number;
  open(): Promise<Opened>;
}

/** @throws {UserError} where it cannot be opened */
export async function localBytes(name: string): Promise<Bytes> {
  const handle = await openFile(name);
  const { size, mtimeMs } = await handle.stat();
  await handle.close();
  const changed = () => new UserError(`Expected ${name} as it was when it was opened, but it has changed; start again`);
  return {
    name,
    size,
    version: String(mtimeMs),
    chunk: 1 << 16,
    async open() {
      const file = await openFile(name);
      const now = await file.stat();
      if (now.size !== size || now.mtimeMs !== mtimeMs) {
        await file.close();
        throw changed();
      }
      return {
        async read(offset, length) {
          const data = new Uint8Array(length);
          for (let done = 0; done < length; ) {
            const { bytesRead } = await file.read(data, done, length - done, offset + done);
            if (bytesRead === 0) throw changed();
            done += bytesRead;
          }
          return data;
        },
        close: () => file.close(),
      };
    },
  };
}

async function openFile(name: string): Promise<FileHandle> {
  try {
    return await open(name, "r");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : error;
    const why = code === "ENOENT" ? "it does not exist" : code === "EACCES" ? "you may not read it" : String(code);
    throw new UserError(`Expected to read ${name}, but ${why}`, { cause: error });
  }
}

/** @throws {UserError} where the server does not have it, or gives no parts of files */
export async function remoteBytes(url: string, patience?: Patience): Promise<Bytes> {
  const { size, version } = await retry(
    url,
    async () => {
      const answer = await ask(url, { range: "bytes=0-0" }, undefined, patience?.silence);
      const [, total] = /^bytes 0-0\/(\d+)$/.exec(answer.headers.get("content-range") ?? "") ?? [];
      const size = Number(total);
      // What is said is looked at before what comes: without ranges that is the whole shard.
      if (answer.status === 416)
        await refuse(answer, `Expected a file of at least one byte for ${url}, got an empty one`);
      if (answer.status !== 206 || !Number.isSafeInteger(size)) await refuse(answer, withoutParts(url));
      await bodyOf(answer, 1, url);
      return { size, version: versionOf(answer) };
    },
    patience,
  );
  const read = (offset: number, length: number) =>
    retry(
      url,
      async () => {
        const range = `bytes=${offset}-${offset + length - 1}`;
        const answer = await ask(url, { range }, undefined, patience?.silence);
        if (versionOf(answer) !== version || answer.status === 416)
          await refuse(answer, `Expected ${url} as it was when it was opened, but it has changed; start again`);
        if (answer.status !== 206) await refuse(answer, withoutParts(url));
        return bodyOf(answer, length, url);
      },
      patience,
    );
  return { name: url, size, version, chunk: 1 << 22, open: async () => ({ read, close: async () => {} }) };
}

function withoutParts(url: string): string {
  return `Expected a server that gives parts of files for ${url}, got one that does not; download it first (curl -O ${shellWord(url)}) and give the file`;
}

/** Ends an answer without reading what else it brings. */
async function refuse(answer: Response, message: string): Promise<never> {
  await answer.body?.cancel();
  throw new UserError(message);
}

/**
 * What an answer brings, which has to be `length` bytes.
 *
 * @throws {TransientError} where less comes
 * @throws {UserError} where more comes, which is not waited for
 */
async function bodyOf(answer: Response, length: number, url: string): Promise<Uint8Array> {
  const data = new Uint8Array(length);
  let came = 0;
  // Leaving the loop cancels the rest.
  for await (const piece of answer.body ?? []) {
    if (came + piece.length > length) throw new UserError(withoutParts(url));
    data.set(piece, came);
    came += piece.length;
  }
  if (came !== length) throw new TransientError(`${came} of ${length} bytes came`);
  return data;
}

function versionOf(answer: Response): string {
  return answer.headers.get("etag") ?? answer.headers.get("last-modified") ?? "";
}

/** What a clone without Git LFS has in place of a large file; null where it is no such thing. */
export async function pointerWords(bytes: Bytes): Promise<string | null> {
  if (bytes.size > 1024 || bytes.size < 64) return null;
  const file = await bytes.open();
  try {
    const head = new TextDecoder().decode(await file.read(0, 40));
    const isPointer = head.startsWith("version https://git-lfs.github.com/");
    return isPointer ? "got the pointer that Git LFS left in its place; run git lfs pull in its folder" : null;
  } finally {
    await file.close();
  }
}
