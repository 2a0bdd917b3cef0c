// What is fetched of shards behind HTTP, counted by the server: by samples, and by epochs whose images are kept.
import { manualSeed } from "@unlabel/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { tarOf } from "../testing/archives.ts";
import { sampleImage } from "../testing/data.ts";
import { serve } from "../testing/server.ts";
import { sourceFolder } from "../testing/sources.ts";
import { readHeldOut } from "../train/held-out.ts";
import { cached, chooseCache } from "./cache.ts";
import type { Split } from "./folder.ts";
import { imagesOf } from "./images.ts";
import { Loader } from "./loader.ts";
import { openData } from "./open.ts";
import { ImageReader } from "./reader.ts";
import { drawnSample, spreadSample } from "./sample.ts";
import { openShards } from "./sources/shards.ts";
import type { ViewSpec } from "./views.ts";

// The native parts lie in the cache, too: they are loaded before a test has another.
beforeAll(() => manualSeed(0));
const reader = new ImageReader();
const folder = sourceFolder();

const SPEC: ViewSpec = {
  count: 1,
  size: 16,
  crop: { scale: [0.3, 1], ratio: [3 / 4, 4 / 3] },
  filter: "bilinear",
  flip: 0.5,
  color: null,
  grayscale: 0,
  blur: null,
  solarize: 0,
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

/** A shard of JPEGs that each take `bytes`, what follows their end being nothing. */
async function shardOf(first: number, count: number, bytes: number): Promise<Buffer> {
  const images = Array.from({ length: count }, async (_, i) => {
    const jpeg = await sampleImage(40, 32, first + i)
      .jpeg()
      .toBuffer();
    return { path: `${first + i}.jpg`, content: Buffer.concat([jpeg], bytes) };
  });
  return tarOf(await Promise.all(images));
}

describe("a sample of remote shards", () => {
  it("takes no more than 48 MB, which are those that training begins with, and draws the same for one seed", async () => {
    // 60 images of 1 MB in 20 parts of 3 MB.
    const shards = await Promise.all([0, 1].map((i) => shardOf(30 * i, 30, 990_000)));
    await using server = await serve(Object.fromEntries(shards.map((shard, i) => [`${i}.tar`, shard])));
    const root = `${server.url}/{0..1}.tar`;
    const { train } = await openData(root);
    server.asked.length = 0;
    const fetched = () => server.asked.reduce((sum, { sent }) => sum + sent, 0);

    expect((await chooseCache(train, 16, 1e9, 3)).cache).toBe("memory");
    expect(fetched()).toBeLessThanOrEqual(48e6);
    const heldOut = await readHeldOut(train, 40, { size: 16, seed: 3, reader });
    expect(heldOut?.labels.length).toBe(40);
    expect(heldOut?.fetching).toBeGreaterThan(0);
    heldOut?.pixels.dispose();
    await imagesOf(spreadSample(train, 8, 3), spreadSample(train, 8, 3).items);
    const parts = server.asked.length;
    expect(fetched()).toBeLessThanOrEqual(48e6);
    expect(parts).toBeLessThanOrEqual(16);

    // From many places, and what the first steps read is there already.
    const sample = drawnSample(train, 40, 3);
    expect(new Set(sample.items.map(({ at }) => Math.floor(at! / 3))).size).toBeGreaterThan(10);
    const blocks = sample.items.map((item) => train.blockOf!(item));
    expect(blocks).toEqual(
      sample.items.map(
        ({ at }) => blocks[sample.items.findIndex((other) => Math.floor(other.at! / 3) === Math.floor(at! / 3))],
      ),
    );
    expect(new Set(blocks).size).toBeLessThanOrEqual(16);
    const first = train.order!(3, 0).slice(0, 40);
    expect(Math.max(...first)).toBeGreaterThan(40);
    await sample.load!([...first].map((index) => train.items[index]!));
    expect(server.asked.length).toBe(parts);

    const again = await openData(root);
    expect(drawnSample(again.train, 40, 3).items).toEqual(sample.items);
    expect(drawnSample(again.train, 40, 4).items).not.toEqual(sample.items);
    // A part of a split gives images of that part.
    const odd = { ...train, items: train.items.filter((_, i) => i % 2 === 1) };
    expect(drawnSample(odd, 10, 3).items.every((item) => odd.items.includes(item))).toBe(true);
  });
});

describe("images of remote shards that are kept", () => {
  const steps = async (split: Split, count: number) => {
    const values: number[][] = [];
    for await (const { step, views } of new Loader(split, [SPEC], { batch: 4, seed: 2, reader }).batches()) {
      values.push(views[0]!.toNumbers());
      views[0]!.dispose();
      if (step === count - 1) break;
    }
    return values;
  };

  it.each([
    ["memory", {}],
    ["disk", { side: 20 }],
  ] as const)("are fetched once, whatever the number of epochs: %s", async (kind, { side }: { side?: number }) => {
    const shards = await Promise.all([0, 1, 2, 3].map((i) => shardOf(4 * i, 4, 4000)));
    const files = Object.fromEntries(shards.map((shard, i) => [`${i}.tar`, shard]));
    await using server = await serve(files);
    // A loader that is left reads on for a moment: what is not kept has a server of its own.
    await using other = await serve(files);
    const names = (url: string) => shards.map((_, i) => `${url}/${i}.tar`);
    // Of the source's own parts none outlives the next.
    const { train, fingerprint } = await openShards(server.url, names(server.url), { keptBytes: 1 });
    const { train: plain } = await openShards(other.url, names(other.url), { keptBytes: 1 });
    const options = { fingerprint, reader, least: 16, side: side ?? null };
    const disk = kind === "disk" ? { folder: `${folder.path}/images` } : {};
    const split = cached(train, { ...options, ...disk });
    const wanted = side === undefined ? await steps(plain, 12) : null;

    const epoch = split.items.length / 4;
    const load = async (of: Split) => (await imagesOf(of, of.items)).length;
    expect(await load(split)).toBe(16);
    server.asked.length = 0;
    const values = await steps(split, 3 * epoch);
    if (wanted) expect(values).toEqual(wanted);
    expect(server.asked).toEqual([]);
    if (kind === "memory") return;
    // Another process finds them, too.
    await load(cached(train, { ...options, ...disk }));
    expect(server.asked).toEqual([]);
  });
});
