import { copyFileSync, readdirSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataRoot, sampleImage, temporaryFolder, writeImages } from "../testing/data.ts";
import { type CacheOptions, cached, chooseCache } from "./cache.ts";
import { openFolder, type Split } from "./folder.ts";
import { imagesOf } from "./images.ts";
import type { AnyImage } from "./input.ts";
import { Loader } from "./loader.ts";
import { ImageReader } from "./reader.ts";
import type { ViewSpec } from "./views.ts";

const spec: ViewSpec = {
  count: 2,
  size: 24,
  crop: { scale: [0.3, 1], ratio: [3 / 4, 4 / 3] },
  filter: "bilinear",
  flip: 0.5,
  color: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p: 0.8 },
  grayscale: 0.2,
  blur: null,
  solarize: 0,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
};

const folder = temporaryFolder();
const reader = new ImageReader();
let split: Split;
let fingerprint: string;
beforeAll(async () => {
  const paths = Array.from({ length: 12 }, (_, i) => `${i}.${i % 3 ? "jpg" : "png"}`);
  await writeImages(folder.path, paths, 40, 32);
  const data = openFolder(folder.path);
  split = data.train;
  fingerprint = data.fingerprint;
});
afterAll(() => folder[Symbol.dispose]());

const cache = (options: Partial<CacheOptions> = {}, of = split) =>
  cached(of, { fingerprint, reader, side: null, least: spec.size, ...options });

/** Six batches, two epochs, as plain numbers. */
async function batches(of: Split): Promise<number[][]> {
  const taken: number[][] = [];
  for await (const { views } of new Loader(of, [spec], { batch: 4, seed: 5, reader }).batches()) {
    taken.push(views[0]!.toNumbers());
    views[0]!.dispose();
    if (taken.length === 6) break;
  }
  return taken;
}

const kept = async (of: Split): Promise<AnyImage[]> => imagesOf(of, of.items);
const pixelsOf = async (image: AnyImage) => {
  const { sizes } = await reader.sizes([image]);
  const { width, height } = sizes[0]!;
  const views = [{ x: 0, y: 0, width, height, flip: false }];
  return { width, height, data: (await reader.read([{ image, views }], { width, height, filter: "bilinear" })).data };
};

describe("images kept in memory", () => {
  it("give the same batches, bit by bit, wholly or partly kept", async () => {
    const plain = await batches(split);
    expect(await batches(cache())).toEqual(plain);
    expect(await batches(cache({ bytes: 5 * 40 * 32 * 3 }))).toEqual(plain);
    expect(await batches(cache({ bytes: 0 }))).toEqual(plain);
  });

  it("give the same batches where the decoder shrinks or EXIF turns, whatever the JPEG", async () => {
    using odd = temporaryFolder();
    for (let kind = 0; kind < 24; kind++) {
      // Odd sizes from 1 to 9 times a view's; 4:4:4 and 4:2:0; progressive; each EXIF orientation.
      const image = sampleImage(31 + 9 * kind, 29 + 8 * kind, kind % 5).withMetadata({ orientation: 1 + (kind % 8) });
      const options = { chromaSubsampling: kind % 3 ? "4:2:0" : "4:4:4", progressive: kind % 4 === 1 };
      await (kind % 11 === 10 ? image.toColourspace("cmyk") : image)
        .jpeg(options)
        .toFile(join(odd.path, `${kind}.jpg`));
    }
    const { train } = openFolder(odd.path);
    const some = cache({}, train);
    expect(await batches(some)).toEqual(await batches(train));
    expect(await kept(some)).toContainEqual(expect.objectContaining({ orientation: 6 }));
    const shrunk = (await kept(some)).map((image) =>
      typeof image === "object" && "shrunk" in image ? image.shrunk : [],
    );
    expect(Math.max(...shrunk.map((levels) => levels?.length ?? 0))).toBe(3);
  });

  const photos = dataRoot("photos");
  it.runIf(photos)("give the same batches for photographs", async () => {
    using folder = temporaryFolder();
    const all = openFolder(photos!).train;
    for (const [i, { path }] of all.items.slice(0, 12).entries())
      copyFileSync(join(photos!, path), join(folder.path, `${i}.jpg`));
    const { train } = openFolder(folder.path);
    expect(await batches(cache({}, train))).toEqual(await batches(train));
  });

  it("are chosen where all of them fit", async () => {
    const whole = 40 * 32 * 3;
    const half = whole + 20 * 16 * 3;
    expect(await chooseCache(split, 24, 12 * whole, 0)).toMatchObject({ cache: "memory" });
    expect(await chooseCache(split, 24, 12 * whole - 1, 0)).toMatchObject({ cache: "off" });
    expect(await chooseCache(split, 16, 12 * half, 0)).toMatchObject({ cache: "memory" });
    expect(await chooseCache(split, 16, 12 * half - 1, 0)).toMatchObject({ cache: "off" });
    expect((await chooseCache(split, 24, 1e9, 0)).text).toBe(
      "images are kept in memory (cache memory: 46 kB decoded, room for 1.0 GB)",
    );
  });

  it("are kept up to a limit, and handed out again", async () => {
    const some = cache({ bytes: 5 * 40 * 32 * 3 });
    const [once, twice] = [await kept(some), await kept(some)];
    const held: AnyImage[] = once.filter((image) => typeof image !== "string");
    expect(held.length).toBe(5);
    expect(twice.filter((image) => held.includes(image)).length).toBe(5);
    expect(twice.filter((image) => typeof image === "string").length).toBe(7);
  });

  it("are shrunk to a short side, whether or not there is room to keep them", async () => {
    for (const bytes of [undefined, 0]) {
      for (const image of await kept(cache({ side: 16, ...(bytes === 0 && { bytes }) }))) {
        expect(image).toMatchObject({ width: 20, height: 16 });
      }
    }
    expect(await batches(cache({ side: 16, bytes: 0 }))).toEqual(await batches(cache({ side: 16 })));
  });

  it("work for sources that are no folder, and pass on what cannot be read", async () => {
    const bytes = await sampleImage(40, 32, 3).png().toBuffer();
    const load = async (items: readonly { path: string }[]) =>
      items.map(({ path }) => (path === "bad" ? Uint8Array.of(1, 2, 3) : new Uint8Array(bytes)));
    const items = ["good", "bad", "gone.jpg"].map((path) => ({ path, label: 0 }));
    const [good, bad] = await kept(cache({}, { name: "train", root: "/", items: items.slice(0, 2), load }));
    expect(good).toMatchObject({ width: 40, height: 32 });
    expect(bad).toEqual(Uint8Array.of(1, 2, 3));
    expect(await kept(cache({}, { name: "train", root: "/", items: items.slice(2) }))).toEqual(["/gone.jpg"]);
  });
});

describe("images kept on disk", () => {
  it("are smaller JPEGs, made once", async () => {
    using disk = temporaryFolder();
    const [one, two] = [
      await kept(cache({ side: 16, folder: disk.path })),
      await kept(cache({ side: 16, folder: disk.path })),
    ];
    expect(two).toEqual(one);
    expect(readdirSync(disk.path).length).toBe(12);
    const images = await Promise.all(one.map(pixelsOf));
    const shrunk = await kept(cache({ side: 16 }));
    for (const [i, { width, height, data }] of images.entries()) {
      expect([width, height]).toEqual([20, 16]);
      const wanted = await pixelsOf(shrunk[i]!);
      const off = data.reduce((sum, value, k) => sum + Math.abs(value - wanted.data[k]!), 0) / data.length;
      expect(off).toBeLessThan(2);
    }
    expect(await batches(cache({ side: 16, folder: disk.path }))).toEqual(
      await batches(cache({ side: 16, folder: disk.path })),
    );
  });

  it("leave images alone that are small enough", async () => {
    using disk = temporaryFolder();
    expect(await kept(cache({ side: 32, folder: disk.path }))).toEqual(await kept(split));
    expect(readdirSync(disk.path)).toEqual([]);
  });
});

describe("a file that is replaced", () => {
  it.each(["memory", "disk"])("is read again: %s", async (kind) => {
    using data = temporaryFolder();
    using disk = temporaryFolder();
    await writeImages(data.path, ["0.jpg", "1.jpg"], 40, 32);
    const path = join(data.path, "0.jpg");
    const { train } = openFolder(data.path);
    const of = cache({ side: 16, ...(kind === "disk" && { folder: disk.path }) }, train);
    const before = await pixelsOf((await kept(of))[0]!);

    // Another picture of the same name and time, written beside it and moved over it.
    const beside = join(disk.path, "other");
    writeFileSync(beside, await sampleImage(40, 32, 9).jpeg().toBuffer());
    utimesSync(beside, new Date(0), new Date(0));
    utimesSync(path, new Date(0), new Date(0));
    renameSync(beside, path);
    expect((await pixelsOf((await kept(of))[0]!)).data).not.toEqual(before.data);
  });
});
