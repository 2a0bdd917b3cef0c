// Files and URLs as bytes at offsets.
import { type FileHandle, open } from "node:fs/promises";
import { UserError } from "../../base/errors.ts";
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
      await answer.arrayBuffer();
      const size = Number(/^bytes 0-0\/(\d+)$/.exec(answer.headers.get("content-range") ?? "")?.[1]);
      if (answer.status !== 206 || !Number.isSafeInteger(size))
        throw new UserError(`Expected a server that gives parts of files for ${url}, got the whole; download it first`);
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
        if (answer.status !== 206 || versionOf(answer) !== version) {
          await answer.body?.cancel();
          throw new UserError(`Expected ${url} as it was when it was opened, but it has changed; start again`);
        }
        const data = new Uint8Array(await answer.arrayBuffer());
        if (data.length !== length) throw new TransientError(`${data.length} of ${length} bytes came`);
        return data;
      },
      patience,
    );
  return { name: url, size, version, chunk: 1 << 22, open: async () => ({ read, close: async () => {} }) };
}

function versionOf(answer: Response): string {
  return answer.headers.get("etag") ?? answer.headers.get("last-modified") ?? "";
}
