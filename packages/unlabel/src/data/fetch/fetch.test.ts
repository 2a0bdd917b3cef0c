import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InterruptedError, UsageError, UserError } from "../../base/errors.ts";
import { cifarOf, type TarEntry, tarOf } from "../../testing/archives.ts";
import { temporaryFolder } from "../../testing/data.ts";
import { type Behaviour, serve } from "../../testing/server.ts";
import { openData } from "../open.ts";
import { type Archive, archiveOf, CATALOG } from "./catalog.ts";
import { type FetchOptions, fetchArchive } from "./fetch.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder[Symbol.dispose]());

const CIFAR: TarEntry[] = [
  { path: "cifar/", type: "5" },
  { path: "cifar/data_batch_1.bin", content: cifarOf(Array.from({ length: 20 }, (_, i) => [i % 10])) },
  { path: "cifar/test_batch.bin", content: cifarOf([[1]]) },
];
const QUICK = { attempts: 3, wait: 1, onRetry: () => {} };

/** A server with one archive, and a call that fetches it. */
async function stage(behaviour: Behaviour = {}, entries = CIFAR, level = 0) {
  const content = gzipSync(tarOf(entries), { level });
  const server = await serve({ "c.tgz": content }, behaviour);
  const archive = { name: "c", url: `${server.url}/c.tgz`, md5: md5(content), folder: "cifar", about: "" };
  const fetch = (options: Partial<FetchOptions> = {}, change: Partial<typeof archive> = {}) =>
    fetchArchive({ ...archive, ...change }, { out: folder.path, ...QUICK, ...options });
  return { ...server, content, archive, fetch, [Symbol.asyncDispose]: server.close };
}

const BUILT = new URL("../../../dist/data/fetch/fetch.js", import.meta.url).href;

/**
 * What fetching says in a process that may write files of 20 kB (40 kB in some shells), which fails in the same calls as a full
 * disk does. Needs the built dist/, as `npm test` makes it.
 */
async function fetchWithLittleRoom(archive: Archive): Promise<string> {
  const code = `
    const { fetchArchive } = await import(${JSON.stringify(BUILT)});
    await fetchArchive(${JSON.stringify(archive)}, { out: ${JSON.stringify(folder.path)} })
      .catch((error) => console.log(error.message));`;
  const limited = 'ulimit -f 40; exec "$@"';
  const program = [process.execPath, "--input-type=module", "--eval", code];
  return (await promisify(execFile)("sh", ["-c", limited, "sh", ...program])).stdout;
}

function md5(content: Uint8Array): string {
  return createHash("md5").update(content).digest("hex");
}

const there = () => readdirSync(folder.path).sort();
const partFile = () => join(folder.path, "cifar.archive.part");

describe("fetchArchive", () => {
  it("fetches, checks and unpacks into a folder that opens, and leaves nothing else", async () => {
    await using at = await stage();
    const seen: number[] = [];
    const fetched = await at.fetch({ onBytes: (done) => seen.push(done) });
    expect(fetched).toEqual({ path: join(folder.path, "cifar"), fetched: true });
    expect(seen.at(-1)).toBe(at.content.length);
    expect(there()).toEqual(["cifar"]);
    expect((await openData(fetched.path)).train.items).toHaveLength(20);
    expect((await at.fetch()).fetched).toBe(false);
    expect(at.asked).toHaveLength(1);
  });

  it("goes on where the line was cut, several times", async () => {
    await using at = await stage({ cuts: 2, cutAfter: 20_000 });
    await at.fetch();
    expect(at.asked).toHaveLength(3);
    expect(at.asked[0]?.range).toBe(undefined);
    // How much of what was sent before the cut arrives is the system's affair; more than nothing does.
    expect(at.asked[2]?.range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(there()).toEqual(["cifar"]);
  });

  it("says so where the line stays cut, and goes on in the next call", async () => {
    await using at = await stage({ cuts: 3, cutAfter: 10_000 });
    await expect(at.fetch()).rejects.toThrow(/to be sent, but .* \(3 attempts\)/);
    const part = readFileSync(partFile());
    expect(part).toEqual(at.content.subarray(0, part.length));
    await at.fetch();
    expect(at.asked.at(-1)?.range).toBe(`bytes=${part.length}-`);
    expect(there()).toEqual(["cifar"]);
  });

  it("begins again where the server has no ranges, or has another file by now", async () => {
    await using at = await stage({ cuts: 1, cutAfter: 10_000, ranges: false });
    await at.fetch();
    expect(there()).toEqual(["cifar"]);
    expect(at.asked).toHaveLength(2);
    await using other = await stage({ cuts: 3, cutAfter: 10_000 });
    await expect(other.fetch({ attempts: 1 }, { folder: "other" })).rejects.toThrow(UserError);
    Object.assign(other.behaviour, { cuts: 0, etag: '"two"' });
    // If-Range names the old version: the whole new file comes.
    await expect(other.fetch({}, { folder: "other" })).rejects.toThrow(/Expected only files and folders inside other/);
  });

  it("waits for a server that is busy, and says so", async () => {
    await using at = await stage({ fails: 2, status: 503 });
    const said: string[] = [];
    expect((await at.fetch({ onRetry: (line) => said.push(line) })).fetched).toBe(true);
    expect(said).toEqual([2, 3].map((n) => `the server answers 503: attempt ${n} of 3 in 0.1 s (${at.archive.url})`));
  });

  it("asks a server that never answers twice", async () => {
    await using at = await stage({ hangs: true });
    await expect(at.fetch({ silence: 100 })).rejects.toThrow(/but nothing came for 0\.1 s \(2 attempts\)/);
    expect(at.asked).toHaveLength(2);
  });

  it("does not ask again where the server sends it in a circle", async () => {
    await using at = await stage({ loops: true });
    const said: string[] = [];
    await expect(at.fetch({ onRetry: (line) => said.push(line) })).rejects.toThrow(
      /got redirects without end; check the address/,
    );
    expect(said).toEqual([]);
  });

  it("tells wrong bytes, and does not keep them", async () => {
    await using at = await stage();
    await expect(at.fetch({}, { md5: "0".repeat(32) })).rejects.toThrow(
      /Expected the MD5 0{32} of http.*, got [0-9a-f]{32}; the file is removed/,
    );
    expect(there()).toEqual([]);
  });

  it("mends a part that is longer than the file, by the checksum", async () => {
    await using at = await stage({ cuts: 1, cutAfter: 10_000 });
    await expect(at.fetch({ attempts: 1 })).rejects.toThrow(UserError);
    writeFileSync(partFile(), Buffer.alloc(at.content.length + 5));
    await expect(at.fetch()).rejects.toThrow(/Expected the MD5/);
    expect((await at.fetch()).fetched).toBe(true);
  });

  it("tells 404, a missing server and an address that is none", async () => {
    await using at = await stage();
    const url = at.url;
    await expect(at.fetch({}, { url: `${url}/none.tgz` })).rejects.toThrow(
      /got 404 \(there is no such file\); check the address/,
    );
    expect(at.asked).toHaveLength(1);
    await expect(at.fetch({}, { url: "ftp://example.org/a.tgz" })).rejects.toThrow(
      /an http or https address for --url/,
    );
    await at.close();
    await expect(at.fetch()).rejects.toThrow(/the connection is refused \(3 attempts\)/);
  });

  it("stops at Ctrl-C and goes on the next time", async () => {
    await using at = await stage();
    const stop = new AbortController();
    await expect(at.fetch({ signal: stop.signal, onBytes: () => stop.abort() })).rejects.toThrow(InterruptedError);
    expect(existsSync(partFile())).toBe(true);
    expect((await at.fetch()).fetched).toBe(true);
    expect(there()).toEqual(["cifar"]);
  });

  it("says where there is no room for the archive, and goes on once there is", async () => {
    await using at = await stage();
    expect(await fetchWithLittleRoom(at.archive)).toMatch(
      /^Expected room on the disk for .*\.part, got none; free some and run it again to go on\n$/,
    );
    const { size } = statSync(partFile());
    expect(size).toBeGreaterThan(0);
    await at.fetch();
    expect(at.asked.at(-1)?.range).toBe(`bytes=${size}-`);
    expect(there()).toEqual(["cifar"]);
  });

  it("says where there is no room for the images, and keeps the archive alone", async () => {
    await using at = await stage({}, [{ path: "cifar/large", content: Buffer.alloc(1e6) }], 9);
    expect(await fetchWithLittleRoom(at.archive)).toMatch(
      /^Expected room on the disk to unpack .*cifar\.archive, got none; free some and run it again\n$/,
    );
    expect(there()).toEqual(["cifar.archive"]);
    await at.fetch();
    expect(at.asked).toHaveLength(1);
    expect(there()).toEqual(["cifar"]);
  });

  it.each<[string, TarEntry]>([
    ["a symbolic link", { path: "cifar/link", type: "2" }],
    ["a device", { path: "cifar/device", type: "3" }],
    ["a path outside", { path: "cifar/../../escape", content: "x" }],
    ["an absolute path", { path: "/tmp/unlabel-escape", content: "x" }],
    ["a second folder", { path: "other/file", content: "x" }],
  ])("refuses an archive with %s, and leaves nothing of it", async (_, entry) => {
    await using at = await stage({}, [...CIFAR, entry]);
    await expect(at.fetch()).rejects.toThrow(/Expected only files and folders inside cifar in .*; do not use it/);
    expect(there()).toEqual(["cifar.archive"]);
    expect(existsSync("/tmp/unlabel-escape")).toBe(false);
  });

  it("refuses an archive that is cut off or holds another folder", async () => {
    const content = gzipSync(tarOf(CIFAR)).subarray(0, 1000);
    await using server = await serve({ "c.tgz": content });
    const archive = { name: "c", url: `${server.url}/c.tgz`, md5: md5(content), folder: "cifar", about: "" };
    await expect(fetchArchive(archive, { out: folder.path })).rejects.toThrow(/Expected a whole archive in/);
    expect(there()).toEqual(["cifar.archive"]);
  });
});

describe("the catalog", () => {
  it("has names, addresses and checksums, and suggests all names", () => {
    for (const { url, md5: sum } of CATALOG) {
      expect(new URL(url).protocol).toBe("https:");
      expect(sum).toMatch(/^[0-9a-f]{32}$/);
    }
    expect(new Set(CATALOG.map(({ md5: sum }) => sum)).size).toBe(CATALOG.length);
    expect(archiveOf("imagenette").name).toBe("imagenette2-160");
    expect(() => archiveOf("mnist")).toThrow(/can be fetched \(imagenette, .*cifar100\), got mnist$/);
    expect(() => archiveOf("cifar-10")).toThrow(/got cifar-10; did you mean cifar10\?$/);
    expect(() => archiveOf("cifar-10")).toThrow(UsageError);
  });
});
