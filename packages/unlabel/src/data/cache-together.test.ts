// Two runs at once that keep the images of one data set in one folder. Real processes, which need the built dist/.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "@unlabel/torch/setup";
import { expect, it } from "vitest";
import { temporaryFolder, writeImages } from "../testing/data.ts";

const SETTINGS = {
  method: "mae",
  size: 16,
  patch: 8,
  decoder_width: 16,
  decoder_depth: 1,
  batch: 32,
  epochs: 1,
  warmup_epochs: 0,
  device: "cpu",
  precision: "fp32",
  threads: 1,
  health_every: 0,
  cache: "disk",
  cache_side: 24,
  hold_out: false,
};

it("lets two processes keep one data set's images on disk at once", async () => {
  using folder = temporaryFolder();
  const at = (...names: string[]) => join(folder.path, ...names);
  // A cache of its own, with the engine that is there.
  mkdirSync(at("cache"));
  for (const name of ["libtorch", "native"]) symlinkSync(join(cacheDir(), name), at("cache", name));
  const names = Array.from({ length: 192 }, (_, i) => `${i}.jpg`);
  await writeImages(at("images"), names, 40);
  const settings = Object.entries(SETTINGS).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const bin = join(import.meta.dirname, "..", "..", "bin", "unlabel.mjs");
  const ends = ["one", "two"].map(async (run) => {
    const args = [bin, "pretrain", at("images"), ...settings, "--out", at(run), "--json"];
    const child = spawn(process.execPath, args, { env: { ...process.env, UNLABEL_CACHE: at("cache") } });
    let [out, told] = ["", ""];
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      told += chunk;
    });
    const [code] = await once(child, "close");
    return { code, told, out };
  });
  const [one, two] = (await Promise.all(ends)).map(({ code, told, out }) => {
    expect(code, told).toBe(0);
    return JSON.parse(out.trimEnd().split("\n").at(-1)!) as { loss_last: number; skipped: number };
  });
  expect(one!.skipped).toBe(0);
  expect(two!.loss_last).toBe(one!.loss_last);
  const [fingerprint] = readdirSync(at("cache", "images"));
  const kept = readdirSync(at("cache", "images", fingerprint!));
  expect(kept).toHaveLength(names.length);
  expect(kept.every((name) => name.endsWith(".jpg"))).toBe(true);
});
