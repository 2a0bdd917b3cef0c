// The packages as a stranger installs them: packed, installed into an empty folder outside the clone, set up there.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { locateEngine } from "../packages/torch/setup/index.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MINUTE = 60_000;
const folder = mkdtempSync(join(tmpdir(), "unlabel-pack-"));
const app = join(folder, "app");
// A cache of its own, so that everything is compiled from what was packed; only LibTorch itself is shared.
const env = { ...process.env, UNLABEL_CACHE: join(folder, "cache"), LIBTORCH: locateEngine().libtorch.path };
const run = promisify(execFile);
const npx = async (...args: string[]) => (await run("npx", args, { cwd: app, env })).stdout;
const lastLine = (text: string) => JSON.parse(text.trim().split("\n").at(-1) ?? "");

beforeAll(async () => {
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), '{ "private": true }\n');
  await run("npm", ["pack", "--workspace=@unlabel/torch", "--workspace=unlabel", "--pack-destination", folder], {
    cwd: ROOT,
  });
  const tarballs = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  await run("npm", ["install", "--prefer-offline", ...tarballs.map((name) => join(folder, name))], { cwd: app });
  await npx("unlabel", "setup");
}, 5 * MINUTE);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("packs what runs, and nothing of the tests", () => {
  for (const name of ["@unlabel/torch", "unlabel"]) {
    const files = readdirSync(join(app, "node_modules", name), { recursive: true }).map(String);
    expect(files).toEqual(
      expect.arrayContaining([
        "dist/index.js",
        "dist/index.d.ts",
        "native/CMakeLists.txt",
        "package.json",
        "README.md",
        "LICENSE",
      ]),
    );
    expect(files.filter((file) => /\.test\.|tsbuildinfo|\.map$|^src/.test(file))).toEqual([]);
    const sources = readdirSync(join(ROOT, "packages", name.replace("@unlabel/", ""), "src"), { recursive: true }).map(
      String,
    );
    const compiled = files.flatMap((file) => /^dist\/(.+?)(\.d\.ts|\.js)$/.exec(file)?.[1] ?? []);
    expect(compiled.filter((file) => !sources.includes(`${file}.ts`))).toEqual([]);
  }
});

it("doctor finds the engine and nothing wrong", async () => {
  const report = lastLine(await npx("unlabel", "doctor", "--json"));
  expect(report.ok).toBe(true);
  expect(report.engine.path).toBe(env.LIBTORCH);
});

it(
  "pretrain trains",
  async () => {
    const data = join(folder, "images");
    mkdirSync(data);
    for (let i = 0; i < 8; i++) {
      const background = { r: i * 30, g: 255 - i * 30, b: 128 };
      await sharp({ create: { width: 48, height: 40, channels: 3, background } })
        .jpeg()
        .toFile(join(data, `${i}.jpg`));
    }
    const size = ["--steps", "2", "--batch", "4", "--size", "32"];
    const out = await npx(
      "unlabel",
      "pretrain",
      data,
      "--method",
      "simclr",
      "--preset",
      "small",
      ...size,
      "--out",
      "run",
      "--json",
    );
    const result = lastLine(out);
    expect(result.steps).toBe(2);
    expect(Number.isFinite(result.loss_last)).toBe(true);
    expect(JSON.parse(readFileSync(join(app, "run/run.json"), "utf8")).status).toBe("done");
  },
  2 * MINUTE,
);

it("says what to do where nothing has been set up", async () => {
  const bare = { ...env, UNLABEL_CACHE: join(folder, "empty"), LIBTORCH: undefined };
  const code = 'import("@unlabel/torch").catch((error) => console.log(error.message))';
  const { stdout } = await run(process.execPath, ["-e", code], { cwd: app, env: bare });
  expect(stdout).toMatch(/^Expected the native part "torch".*run `npx unlabel setup`\.\n$/);
});
