import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getRngState, loadSafetensors, memory } from "@unlabel/torch";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { pretrain } from "../train/pretrain.ts";
import { embed } from "./embed.ts";
import { loadEncoder } from "./load-encoder.ts";

const folder = temporaryFolder();
const quiet = { write: () => true };
const data = join(folder.path, "images");
const names = Array.from({ length: 9 }, (_, i) => `${i}.${i < 5 ? "jpg" : "png"}`);
const files = names.map((name) => join(data, name));
const run = (method: string) => join(folder.path, method);

beforeAll(async () => {
  await writeImages(data, names, 48);
  for (const [method, more] of [
    ["simclr", { stem: "7x7" }],
    ["mae", {}],
  ] as const) {
    const flags = { method, size: 32, batch: 4, steps: 1, health_every: 0, online: false, precision: "fp32", ...more };
    await pretrain({ data, settings: { flags }, out: run(method), stream: quiet });
  }
}, 120_000);
afterAll(() => folder[Symbol.dispose]());

describe.each(["simclr", "mae"])("loadEncoder of %s", (method) => {
  it("gives what embed writes, from files, bytes and pixels, in any batches", async () => {
    using encoder = await loadEncoder(run(method), { precision: "fp32" });
    const out = join(folder.path, `${method}.csv`);
    await embed(run(method), data, out, { stream: quiet, precision: "fp32" });
    const [, ...lines] = readFileSync(out, "utf8").trim().split("\n");
    const written = new Map(lines.map((line) => [line.split(",")[0], line.split(",").slice(3).map(Number)]));
    const found = await encoder.encode(files, { batch: 4 });
    expect(found).toBeInstanceOf(Float32Array);
    expect(found).toHaveLength(9 * encoder.dim);
    for (const [i, name] of names.entries()) {
      const row = [...found.subarray(i * encoder.dim, (i + 1) * encoder.dim)];
      for (const [j, value] of written.get(name)!.entries()) expect(row[j]).toBeCloseTo(value, 4);
    }
    const bytes = files.map((file) => new Uint8Array(readFileSync(file)));
    expect(await encoder.encode(bytes, { batch: 4 })).toEqual(found);
    const { data: raw, info } = await sharp(files[7]!).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const pixels = { data: new Uint8Array(raw), width: info.width, height: info.height };
    expect(await encoder.encode(pixels)).toEqual(await encoder.encode(files[7]!));
  });

  it("gives a vector for each place with tokens, whose mean stands in the features", async () => {
    using encoder = await loadEncoder(run(method), { precision: "fp32" });
    const [height, width] = encoder.grid;
    const tokens = await encoder.encode(files.slice(0, 2), { tokens: true });
    expect(tokens).toHaveLength(2 * height * width * encoder.width);
    const features = await encoder.encode(files.slice(0, 2));
    for (let image = 0; image < 2; image++) {
      for (let d = 0; d < encoder.width; d += 37) {
        let sum = 0;
        for (let at = 0; at < height * width; at++) sum += tokens[(image * height * width + at) * encoder.width + d]!;
        expect(sum / (height * width)).toBeCloseTo(features[image * encoder.dim + d]!, 4);
      }
    }
  });

  it("leaves no tensor behind but its own weights, and those neither once it is disposed of", async () => {
    const before = memory().liveTensors;
    const encoder = await loadEncoder(run(method));
    const loaded = memory().liveTensors;
    await encoder.encode(files);
    await encoder.encode(files, { tokens: true });
    // Fewer where the garbage collector has freed what others left.
    expect(memory().liveTensors).toBeLessThanOrEqual(loaded);
    encoder.dispose();
    encoder.dispose();
    expect(memory().liveTensors).toBeLessThanOrEqual(before);
    await expect(encoder.encode(files[0]!)).rejects.toThrow("not disposed of");
  });
});

it("says what it is, encodes nothing into nothing, and takes another size", async () => {
  using encoder = await loadEncoder(run("simclr"), { size: 64 });
  expect(encoder).toMatchObject({
    method: "simclr",
    architecture: "resnet18",
    dim: 512,
    width: 512,
    step: 1,
    size: 64,
  });
  expect(encoder.grid).toEqual([2, 2]);
  expect(await encoder.encode([])).toEqual(new Float32Array(0));
});

it("names the image that cannot be read, and the run that is none", async () => {
  using encoder = await loadEncoder(run("simclr"));
  const torn = join(folder.path, "torn.jpg");
  writeFileSync(torn, readFileSync(files[0]!).subarray(0, 100));
  await expect(encoder.encode([files[0]!, torn])).rejects.toThrow(
    /^Expected images that can be read, got .*torn\.jpg: /,
  );
  await expect(encoder.encode([new Uint8Array([1, 2, 3])])).rejects.toThrow(/got image 0: /);
  await expect(loadEncoder(join(folder.path, "none"))).rejects.toThrow(UserError);
});

it.each([0, -1, 1.5, Number.NaN])("refuses a batch of %s", async (batch) => {
  using encoder = await loadEncoder(run("simclr"));
  await expect(encoder.encode(files, { batch })).rejects.toThrow(
    `Expected a whole number from 1 for batch, got ${batch}`,
  );
});

it.each(["simclr", "mae"])("gives the tokens of %s that embed writes", async (method) => {
  using encoder = await loadEncoder(run(method), { precision: "fp32" });
  const out = join(folder.path, `${method}-tokens.safetensors`);
  const { shape } = await embed(run(method), data, out, { stream: quiet, precision: "fp32", tokens: true });
  expect(shape).toEqual([9, ...encoder.grid, encoder.width]);
  const { tensors, metadata } = loadSafetensors(out);
  const paths: string[] = JSON.parse(metadata.paths!);
  const written = tensors.features!.toNumbers();
  const found = await encoder.encode(
    paths.map((path) => join(data, path)),
    { tokens: true },
  );
  expect(written).toHaveLength(found.length);
  for (let i = 0; i < found.length; i += 97) expect(written[i]).toBeCloseTo(found[i]!, 4);
});

it("reads a file anew each time, whatever it was before", async () => {
  using encoder = await loadEncoder(run("simclr"));
  const path = join(folder.path, "changing.png");
  const paint = (background: string) => sharp({ create: { width: 40, height: 40, channels: 3, background } }).png();
  await paint("red").toFile(path);
  const red = await encoder.encode(path);
  await paint("blue").toFile(path);
  const blue = await encoder.encode(path);
  expect(blue).not.toEqual(red);
  expect(await encoder.encode(await paint("blue").toBuffer())).toEqual(blue);
});

it("leaves LibTorch's generator as it was, and stops when asked to", async () => {
  const before = getRngState();
  using encoder = await loadEncoder(run("simclr"));
  expect(getRngState().equal(before)).toBe(true);
  const stop = new AbortController();
  stop.abort(new Error("enough"));
  await expect(encoder.encode(files, { signal: stop.signal })).rejects.toThrow("enough");
});
