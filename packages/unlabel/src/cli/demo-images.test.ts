// Imagenette by its name, from a server on this machine.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterAll, expect, it } from "vitest";
import { archiveOf } from "../data/fetch/catalog.ts";
import { openData } from "../data/open.ts";
import { tarOf } from "../testing/archives.ts";
import { temporaryFolder } from "../testing/data.ts";
import { serve } from "../testing/server.ts";
import { imagenette } from "./demo-images.ts";
import { fetchShown } from "./fetch-shown.ts";

const BIN = join(import.meta.dirname, "..", "..", "bin", "unlabel.mjs");
const root = temporaryFolder();
afterAll(() => root[Symbol.dispose]());

const content = gzipSync(
  tarOf(
    ["train/n01440764/a.JPEG", "train/n02102040/b.JPEG", "val/n01440764/c.JPEG"].map((path) => ({
      path: `imagenette2-160/${path}`,
      content: Buffer.from("no image yet"),
    })),
  ),
);

/** The program's demo in an empty folder. */
async function run(cwd: string, ...args: string[]) {
  const child = spawn(process.execPath, [BIN, "demo", ...args], { cwd, stdio: ["ignore", "ignore", "pipe"] });
  const [stderr, status] = await Promise.all([
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("close", resolve)),
  ]);
  return { stderr, status };
}

it("is the smallest of the catalog, fetched once", async () => {
  const server = await serve({ "i.tgz": content });
  try {
    const known = await imagenette(undefined);
    expect(known).toEqual(archiveOf("imagenette2-160"));
    const archive = await imagenette(`${server.url}/i.tgz`);
    expect(archive).toEqual({ ...known, url: `${server.url}/i.tgz` });
    const md5 = createHash("md5").update(content).digest("hex");
    const first = await fetchShown({ ...archive, md5 }, root.path);
    expect(first).toEqual({ path: join(root.path, "imagenette2-160"), fetched: true });
    const data = await openData(first.path);
    expect([data.classes.map(({ id }) => id), data.train.items.length, data.val?.items.length]).toEqual([
      ["n01440764", "n02102040"],
      2,
      1,
    ]);
    expect(await fetchShown({ ...archive, md5 }, root.path)).toEqual({ ...first, fetched: false });
    expect(server.asked).toHaveLength(1);
  } finally {
    await server.close();
  }
});

it("is what the demo fetches beside its runs; another archive in its place is refused, and nothing kept of it", async () => {
  const server = await serve({ "i.tgz": content });
  const cwd = join(root.path, "elsewhere");
  mkdirSync(cwd);
  try {
    const { stderr, status } = await run(cwd, "--data", "imagenette", "--url", `${server.url}/i.tgz`);
    expect(server.asked.map(({ url }) => url)).toContain("/i.tgz");
    expect(status).toBe(1);
    expect(stderr).toContain("e793b78cc4c9e9a4ccc0c1155377a412");
    expect(readdirSync(join(cwd, "runs"))).not.toContain("imagenette2-160");
  } finally {
    await server.close();
  }
});

it("is not asked for another place where images of one's own are named", async () => {
  const { stderr, status } = await run(root.path, "--data", ".", "--url", "http://localhost/i.tgz");
  expect([status, stderr]).toEqual([2, "error: Expected --url with --data imagenette alone\n"]);
});
