// The packages as a stranger installs them: packed, installed into an empty folder outside the clone, set up and used
// there. `npm run test:nodes` runs this for each Node, whose program's folder is then in UNLABEL_TEST_NODE; `npm test` leaves it to that.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cacheDir, locateEngine } from "../packages/torch/setup/index.mjs";
import { expectedContents, PUBLISHED, ROOT } from "./contents.ts";

const MINUTE = 60_000;
const bin = process.env.UNLABEL_TEST_NODE;
const folder = mkdtempSync(join(tmpdir(), "unlabel-pack-"));
const app = join(folder, "app");
const data = join(folder, "images");
const env = {
  ...process.env,
  // npm and the command line are run by the first node on PATH.
  PATH: [...(bin ? [bin] : []), process.env.PATH].join(delimiter),
  // A cache of its own, so that everything is compiled from what was packed; only LibTorch itself is shared. Other Nodes
  // take what is compiled already: native parts are for all Nodes.
  UNLABEL_CACHE: process.env.UNLABEL_TEST_COMPILE ? join(folder, "cache") : cacheDir(),
  LIBTORCH: locateEngine().libtorch.path,
};
const run = promisify(execFile);
const inApp = async (file: string, ...args: string[]) => (await run(file, args, { cwd: app, env })).stdout;
const node = async (code: string) => (await inApp("node", "--input-type=module", "-e", code)).trim();
const unlabel = (...args: string[]) => inApp(join(app, "node_modules/.bin/unlabel"), ...args);
const json = async (...args: string[]) =>
  JSON.parse((await unlabel(...args, "--json")).trim().split("\n").at(-1) ?? "");
const read = (path: string) => JSON.parse(readFileSync(join(app, path), "utf8"));
let version = "";

/** Flat pictures of two classes with shades of their own, for training and for the test. */
async function writeImages(): Promise<void> {
  for (const split of ["train", "val"])
    for (const [label, shade] of [
      ["dark", 20],
      ["light", 180],
    ] as const) {
      mkdirSync(join(data, split, label), { recursive: true });
      for (let i = 0; i < 8; i++) {
        const background = { r: shade + 8 * i, g: shade, b: shade + 60 - 7 * i };
        await sharp({ create: { width: 48, height: 40, channels: 3, background } })
          .jpeg()
          .toFile(join(data, split, label, `${i}.jpg`));
      }
    }
}

beforeAll(async () => {
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), '{ "private": true }\n');
  const workspaces = Object.keys(PUBLISHED).map((name) => `--workspace=${name}`);
  await run("npm", ["pack", ...workspaces, "--pack-destination", folder], { cwd: ROOT });
  const tarballs = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  const install = ["install", "--prefer-offline", "--no-audit", "--no-fund"];
  await inApp("npm", ...install, ...tarballs.map((name) => join(folder, name)));
  version = await node("console.log(process.versions.node)");
  await unlabel("setup");
  await writeImages();
}, 5 * MINUTE);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("packs what runs, and nothing of the tests", () => {
  for (const name of Object.keys(PUBLISHED) as (keyof typeof PUBLISHED)[]) {
    const installed = readdirSync(join(app, "node_modules", name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(app, "node_modules", name).length + 1))
      .filter((file) => !file.startsWith("node_modules"));
    expect(installed.sort()).toEqual(expectedContents(name));
  }
});

it("is installed and run by the Node that was asked for", async () => {
  if (bin) expect(await node("console.log(process.execPath)")).toBe(join(bin, "node"));
  expect(JSON.parse(await inApp("npm", "version", "--json")).node).toBe(version);
  const report = await json("doctor");
  expect(report.ok).toBe(true);
  expect(report.engine.path).toBe(env.LIBTORCH);
  expect(report.node).toBe(version);
});

it("--version prints the package's version, and the library can be imported", async () => {
  const expected = read("node_modules/unlabel/package.json").version;
  expect(await unlabel("--version")).toBe(`${expected}\n`);
  expect(await node('import { pretrain } from "unlabel"; console.log(typeof pretrain)')).toBe("function");
});

it("serves the studio, pages and all", async () => {
  mkdirSync(join(app, "no-runs"));
  const child = spawn(join(app, "node_modules/.bin/unlabel"), ["studio", "no-runs", "--json"], { cwd: app, env });
  try {
    const [line] = await once(child.stdout, "data");
    const { address } = JSON.parse(String(line));
    const cookie = (await fetch(address)).headers.get("set-cookie")!.split(";")[0]!;
    const get = async (path: string) => (await fetch(new URL(path, address), { headers: { cookie } })).text();
    expect(await get("/run/0123456789ab")).toContain('src="/studio.js"');
    const built = join(app, "node_modules/unlabel/dist/studio/pages");
    for (const name of ["studio.js", "studio.css"])
      expect(await get(`/${name}`)).toBe(readFileSync(join(built, name), "utf8"));
    expect(JSON.parse(await get("/api/runs")).runs).toEqual([]);
  } finally {
    const ended = once(child, "exit");
    child.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
  }
});

it("its native parts are compiled once, for every Node", async () => {
  const { stderr } = await run(join(app, "node_modules/.bin/unlabel"), ["setup"], { cwd: app, env });
  expect(stderr).toContain('Native part "torch"');
  expect(stderr).not.toContain("compiled");
});

it(
  "pretrain trains, --resume goes on and evaluate scores",
  async () => {
    const settings = ["--method", "simclr", "--preset", "small", "--batch", "4", "--size", "32"];
    const first = await json("pretrain", data, ...settings, "--steps", "2", "--out", "run");
    expect(first).toMatchObject({ method: "simclr", steps: 2 });
    expect(read("run/run.json")).toMatchObject({ status: "done", versions: { node: version } });

    const second = await json("pretrain", "--resume", "--out", "run", "--steps", "4");
    expect(second).toMatchObject({ steps: 4, loss_first: first.loss_first });
    expect(Number.isFinite(second.loss_last)).toBe(true);
    const rows = readFileSync(join(app, "run/metrics.jsonl"), "utf8").trim().split("\n");
    expect(rows.map((row) => JSON.parse(row).step)).toEqual([1, 2, 3, 4]);

    const scores = await json("evaluate", "run", "--data", data, "--protocols", "linear,knn");
    for (const protocol of ["linear", "knn"]) {
      expect(read(`run/eval/${protocol}.json`).val_images).toBe(16);
      expect(scores[protocol].top1).toBeGreaterThan(0);
    }
  },
  3 * MINUTE,
);

it("says what to do where nothing has been set up", async () => {
  const bare = { ...env, UNLABEL_CACHE: join(folder, "empty"), LIBTORCH: undefined };
  const code = 'import("@unlabel/torch").catch((error) => console.log(error.message))';
  const { stdout } = await run("node", ["-e", code], { cwd: app, env: bare });
  expect(stdout).toMatch(/^Expected the native part "torch".*run `npx unlabel setup`\.\n$/);
});
