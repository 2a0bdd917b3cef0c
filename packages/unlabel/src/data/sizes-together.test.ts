import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { empty, lend } from "@unlabel/torch";
import { describe, expect, it, vi } from "vitest";
import type { ImageSource } from "../base/native.ts";
import { Rng } from "../base/rng.ts";
import { sampleImage, temporaryFolder, writeImages } from "../testing/data.ts";
import { whole } from "../testing/reader.ts";
import { cached } from "./cache.ts";
import { randomBox } from "./crop.ts";
import { type Item, openFolder, type Split } from "./folder.ts";
import { Loader } from "./loader.ts";
import { finishOf, paintValuesOf } from "./paint-values.ts";
import { drawParams } from "./params.ts";
import { ImageReader } from "./reader.ts";
import type { ViewSpec } from "./views.ts";

const large: ViewSpec = {
  count: 2,
  size: 24,
  crop: { scale: [0.3, 1], ratio: [3 / 4, 4 / 3] },
  filter: "bilinear",
  flip: 0.5,
  color: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p: 0.8 },
  colorForm: "exact",
  grayscale: 0.2,
  blur: { p: 0.5, sigma: [0.1, 2], kernel: 3 },
  solarize: 0.2,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
};
const small: ViewSpec = {
  ...large,
  count: 3,
  size: 9,
  crop: { scale: [0.05, 0.3], ratio: [3 / 4, 4 / 3] },
  filter: "bicubic",
  colorForm: "fused",
  blur: null,
};
/** For work under way on a busy machine. */
const SOON = { timeout: 30_000 };
const still = { color: null, grayscale: 0, blur: null, solarize: 0 } as const;

/** An image's views of a spec, at random. */
function partOf(spec: ViewSpec, width: number, height: number, seed: number, place: number) {
  const rng = new Rng(seed, "views", spec.size, place);
  const views = Array.from({ length: spec.count }, () => randomBox(width, height, spec, rng));
  const params = views.map(() => drawParams(spec, rng));
  const slots = views.map((_, k) => place * spec.count + k);
  return { views, slots, paintValues: paintValuesOf(params, spec.colorForm) };
}

/** What a reader makes of the images for these specs in one call: the bytes of each spec's tensor. */
async function fill(reader: ImageReader, images: readonly ImageSource[], specs: readonly ViewSpec[], painted: boolean) {
  const { sizes } = await reader.sizes(images);
  const room = specs.map(({ count, size }) =>
    empty([images.length * count, size, size, 3], { dtype: painted ? "float32" : "uint8" }),
  );
  const before = reader.decodes;
  const failures = await reader.fill(
    images.map((image, place) => {
      // The size of what cannot be read is of no account.
      const { width, height } = sizes[place] ?? { width: 8, height: 8 };
      return { image, parts: specs.map((spec) => partOf(spec, width, height, 3, place)) };
    }),
    specs.map((spec, s) => ({
      width: spec.size,
      height: spec.size,
      filter: spec.filter,
      memory: () => lend(room[s]!),
      ...(painted && { finish: finishOf(spec) }),
    })),
  );
  const values = room.map((tensor) => {
    using taken = tensor;
    const { buffer, byteOffset, byteLength } = taken.toArray();
    return Buffer.from(buffer, byteOffset, byteLength);
  });
  return { values, failures, decodes: reader.decodes - before };
}

/** JPEGs of many sizes, samplings and kinds in every orientation, and other formats. */
function samples(): Promise<Buffer[]> {
  const jpegs = Array.from({ length: 24 }, (_, kind) => {
    const image = sampleImage(31 + 9 * kind, 29 + 8 * kind, kind % 5).withMetadata({ orientation: 1 + (kind % 8) });
    const options = { chromaSubsampling: kind % 3 ? "4:2:0" : "4:4:4", progressive: kind % 4 === 1 };
    return (kind % 11 === 10 ? image.toColourspace("cmyk") : image).jpeg(options).toBuffer();
  });
  const others = [sampleImage(60, 44).png().toBuffer(), sampleImage(45, 70).webp({ lossless: true }).toBuffer()];
  return Promise.all([...jpegs, ...others]);
}

describe("views of several sizes", () => {
  it.each([
    ["painted", true],
    ["as bytes", false],
  ])(
    "equal those of each size alone, bit by bit, from files, bytes, pixels and the memory cache: %s",
    async (_, painted) => {
      using folder = temporaryFolder();
      const encoded = await samples();
      const files = encoded.map((bytes, i) => {
        const path = join(folder.path, `${i}`);
        writeFileSync(path, bytes);
        return path;
      });
      const reader = new ImageReader();
      const unpacked = await Promise.all(
        encoded.map(async (bytes) => (await reader.unpack(bytes, small.size)) ?? bytes),
      );
      const upright = await Promise.all(
        encoded.map(async (bytes) => {
          const { width, height } = (await reader.sizes([bytes])).sizes[0]!;
          const options = { width, height, filter: "bilinear" } as const;
          const { data } = await reader.read([{ image: bytes, views: [whole(width, height)] }], options);
          return { data, width, height };
        }),
      );
      const specs = [large, small, { ...small, count: 1, size: 17 }];
      for (const images of [files, encoded, unpacked, upright]) {
        const alone: Buffer[] = [];
        for (const spec of specs) alone.push((await fill(reader, images, [spec], painted)).values[0]!);
        const together = (await fill(reader, images, specs, painted)).values;
        const turned = (await fill(reader, images, specs.toReversed(), painted)).values.toReversed();
        for (const made of [together, turned]) {
          expect(made.map((bytes, s) => bytes.equals(alone[s]!))).toEqual([true, true, true]);
        }
      }
    },
  );

  it("take one run of the decoder, or one for each of its levels that they need", async () => {
    const image = await sampleImage(160, 120).jpeg().toBuffer();
    const reader = new ImageReader();
    const decodes = async (source: ImageSource, ...sides: number[]) => {
      const specs = sides.map(
        (size) => ({ ...large, ...still, size, crop: { scale: [1, 1], ratio: [1, 2] } }) as const,
      );
      return (await fill(reader, [source], specs, true)).decodes;
    };
    expect(await decodes(image, 100)).toBe(1);
    expect(await decodes(image, 100, 61, 120)).toBe(1);
    expect(await decodes(image, 60, 31)).toBe(1);
    expect(await decodes(image, 60, 100)).toBe(2);
    expect(await decodes(image, 60, 100, 50, 110)).toBe(2);
    expect(await decodes(image, 15, 30, 60, 120)).toBe(4);
    expect(await decodes((await reader.unpack(image, 15))!, 15, 60, 120)).toBe(0);
  });

  it("decode an image of another format once, if it is kept for all time", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, ["a.png"], 40, 32);
    const path = join(folder.path, "a.png");
    expect((await fill(new ImageReader({ cacheBytes: 0 }), [path], [large, small], true)).decodes).toBe(1);
    const keeping = new ImageReader();
    await fill(keeping, [path], [large, small], true);
    expect((await fill(keeping, [path], [large, small], true)).decodes).toBe(0);
    expect(keeping.decodes).toBe(1);
  });

  it("fail together, once an image, and are black then", async () => {
    const good = await sampleImage(64, 48).jpeg().toBuffer();
    const torn = good.subarray(0, good.length / 2);
    const png = await sampleImage(64, 48).png().toBuffer();
    const images = [good, torn, new Uint8Array(9), png, png.subarray(0, png.length / 2), "/no/such/file"];
    const reader = new ImageReader();
    const { values, failures } = await fill(reader, images, [large, small], true);
    expect(failures.map(({ index, reason }) => [index, reason])).toEqual([
      [1, "damaged JPEG: it ends early"],
      [2, expect.stringMatching(/not an image/)],
      [4, expect.stringMatching(/cut off/)],
      [5, "the file is gone"],
    ]);
    for (const [s, { count, size }] of [large, small].entries()) {
      const black = new Float32Array(count * size * size * 3).fill(-1);
      const bytes = Buffer.from(black.buffer);
      const are = images.map((_, i) => values[s]!.subarray(i * bytes.length, (i + 1) * bytes.length).equals(bytes));
      expect(are).toEqual([false, true, true, false, true, true]);
    }
  });
});

describe("a loader of several specs", () => {
  async function take(of: Split, specs: readonly ViewSpec[], reader = new ImageReader(), device = "cpu") {
    const taken: number[][][] = [];
    const skipped: string[] = [];
    const onSkip = ({ path }: { path: string }) => skipped.push(path);
    const loader = new Loader(of, specs, { batch: 4, seed: 5, reader, device, onSkip });
    for await (const { views } of loader.batches()) {
      taken.push(views.map((view) => view.toNumbers()));
      for (const view of views) view.dispose();
      if (taken.length === 6) break;
    }
    return { taken, skipped };
  }
  const folderOf = async (names: readonly string[], width: number, height: number) => {
    const folder = temporaryFolder();
    await writeImages(folder.path, names, width, height);
    return { path: folder.path, ...openFolder(folder.path), [Symbol.dispose]: () => folder[Symbol.dispose]() };
  };
  const names = Array.from({ length: 12 }, (_, i) => `${String(i).padStart(2, "0")}.${i % 3 ? "jpg" : "png"}`);

  it.each(["cpu", "cpu:0"])(
    "gives each its own draws, whatever the others' sizes; the first those that it has alone (%s)",
    async (device) => {
      using data = await folderOf(names, 90, 70);
      const batches = async (specs: readonly ViewSpec[]) => (await take(data.train, specs, undefined, device)).taken;
      const both = await batches([large, small]);
      expect(both.map(([first]) => first)).toEqual((await batches([large])).map(([first]) => first));
      const other = await batches([{ ...large, size: 40, filter: "bicubic", color: null }, small]);
      expect(other.map(([, second]) => second)).toEqual(both.map(([, second]) => second));
      for (const change of [{}, still]) {
        const one = { ...large, ...change };
        for (const [first, second] of await batches([one, one])) {
          // No view of the one spec is a view of the other: neither crops nor colours are the same.
          const each = (values: number[]) => {
            const length = values.length / (2 * 4);
            return Array.from({ length: 8 }, (_, k) => values.slice(k * length, (k + 1) * length).join());
          };
          expect(new Set([...each(first!), ...each(second!)]).size).toBe(16);
        }
      }
    },
  );

  it("gives the same from the memory cache; smaller files on disk serve all specs", async () => {
    using data = await folderOf(names, 230, 190);
    using folder = temporaryFolder();
    const reader = new ImageReader({ cacheBytes: 0 });
    const shared = { fingerprint: data.fingerprint, reader, least: small.size };
    const { taken } = await take(data.train, [large, small], reader);
    expect((await take(cached(data.train, { ...shared, side: null }), [large, small], reader)).taken).toEqual(taken);
    const disk = cached(data.train, { ...shared, side: 60, folder: folder.path });
    const both = (await take(disk, [large, small], reader)).taken;
    expect(both.map(([first]) => first)).toEqual((await take(disk, [large], reader)).taken.map(([first]) => first));
  });

  it("reads each image once", async () => {
    using data = await folderOf(names, 40, 32);
    const reader = new ImageReader({ cacheBytes: 0 });
    const fills = vi.spyOn(reader, "fill");
    let asked = 0;
    const load = async (items: readonly Item[]) => {
      asked += items.length;
      return items.map(({ path }) => join(data.path, path));
    };
    const specs = [large, small, { ...small, size: 12 }];
    const batches = new Loader({ ...data.train, load }, specs, { batch: 4, seed: 5, reader }).batches();
    const { value } = await batches.next();
    // The batches that are read ahead, too.
    await vi.waitFor(() => {
      expect(fills.mock.settledResults.filter(({ type }) => type === "fulfilled").length * 4).toBe(asked);
    }, SOON);
    expect(reader.decodes).toBe(asked);
    for (const view of value!.views) view.dispose();
    await batches.return();
  });

  it("reports an unreadable image once", async () => {
    using data = await folderOf(names, 40, 32);
    const torn = await sampleImage(40, 32).jpeg().toBuffer();
    writeFileSync(join(data.path, "04.jpg"), torn.subarray(0, torn.length - 100));
    const { taken, skipped } = await take(data.train, [large, small]);
    expect(skipped).toEqual(["04.jpg"]);
    expect(taken.length).toBe(6);
  });
});
