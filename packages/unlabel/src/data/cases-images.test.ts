// The shared inputs that were misread for their bands, values or orientation, and one for its votes, each with the right value.
import { copyFileSync } from "node:fs";
import { basename, join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { caseRoot, temporaryFolder } from "../testing/data.ts";
import { reader } from "../testing/reader.ts";
import { type Dataset, openFolder } from "./folder.ts";
import { decodeDescribed } from "./foreign/described.ts";
import { type Input, PHOTOGRAPHS } from "./input.ts";
import { AS_THEY_ARE, type InputSettings } from "./input-settings.ts";
import { openImages } from "./open-images.ts";

interface Opened {
  input: Input;
  said: string;
  file: (name: string) => string;
}

/** A case opened as training opens it; a single file by itself in a folder. */
async function opened(name: string, skip: (why: string) => never, settings: Partial<InputSettings> = {}) {
  const root = caseRoot(name) ?? skip("absent");
  using folder = temporaryFolder();
  const isFile = /\.\w+$/.test(name);
  if (isFile) copyFileSync(root, join(folder.path, basename(root)));
  const data: Dataset = await openImages(isFile ? folder.path : root, { ...AS_THEY_ARE, ...settings }, 0);
  const file = (path: string) => (isFile ? root : join(root, path));
  return { input: data.train.input!, said: (data.readings ?? []).join("; "), file } satisfies Opened;
}

/** All samples of an image as it is read, and how many channels a pixel has. */
async function samples(file: string, input: Input): Promise<{ data: Uint8Array | Uint16Array; channels: number }> {
  return decodeDescribed({ file, input, tile: null }, async ({ data, channels }) => ({
    data: data.slice(),
    channels: channels!,
  }));
}

/** Mean of a channel, 0 … 1. */
function meanOf({ data, channels }: Awaited<ReturnType<typeof samples>>, channel = 0): number {
  const own = Array.from({ length: data.length / channels }, (_, i) => data[i * channels + channel]!);
  return own.reduce((sum, value) => sum + value, 0) / own.length / (data instanceof Uint16Array ? 65_535 : 255);
}

async function pixels(file: string): Promise<Uint8Array> {
  const { sizes } = await reader.sizes([file]);
  const { width, height } = sizes[0]!;
  const views = [{ x: 0, y: 0, width, height, flip: false }];
  return (await reader.read([{ image: file, views }], { width, height, filter: "bilinear" })).data;
}

describe("near infrared beside red, green and blue", () => {
  it.for(["rgbn", "decode/rgbn_unspec.tif"])(
    "%s: is never opacity; all four when asked for",
    async (name, { skip }) => {
      const photograph = await opened(name, skip);
      const file = photograph.file("0.tif");
      expect(photograph.input).toEqual(PHOTOGRAPHS);
      expect(photograph.said).toMatch(/fourth band that nothing says to be opacity.*--set channels=4/);
      const colours = await sharp(file).removeAlpha().raw().toBuffer();
      expect(Buffer.compare(await pixels(file), colours)).toBe(0);

      const { input } = await opened(name, skip, { channels: 4 });
      expect(input).toEqual({ ...PHOTOGRAPHS, channels: 4 });
      const { data, channels } = await samples(file, input);
      expect(channels).toBe(4);
      expect(Buffer.compare(data as Uint8Array, await sharp(file).raw().toBuffer())).toBe(0);
    },
  );
});

describe("many bands", () => {
  it.for<[string, number]>([
    ["ms13", 13],
    ["decode/bands5_u16.tif", 5],
  ])("%s: all %d are read, each by a range of its own, or those asked for", async ([name, bands], { skip }) => {
    const { input, said, file } = await opened(name, skip);
    expect([input.channels, input.bands, input.range?.length]).toEqual([bands, null, bands]);
    expect(said).toMatch(
      new RegExp(`${bands} bands.*: all ${bands} are read; some of them: --set bands=(3,2,1|1,2,3)`),
    );
    const all = await samples(file("0.tif"), input);
    expect(all.channels).toBe(bands);
    for (let band = 0; band < bands; band++) expect(meanOf(all, band)).toBeGreaterThan(0.02);

    const some = await opened(name, skip, { bands: [4, 1] });
    expect([some.input.channels, some.input.range]).toEqual([2, [input.range![3], input.range![0]]]);
    const two = await samples(file("0.tif"), some.input);
    for (let i = 0; i < two.data.length; i += 2)
      expect([two.data[i], two.data[i + 1]]).toEqual([all.data[(i / 2) * bands + 3], all.data[(i / 2) * bands]]);
  });
});

describe("values that are not all that their type can hold", () => {
  it.for<[string, string, number, number]>([
    ["float01", "0.tif", 0, 1],
    ["decode/f32_01.tif", "", 0, 1],
    ["xray16", "normal/0.png", 0, 4095],
    ["decode/g12in16.tif", "", 0, 4095],
  ])("%s: are mapped by the range of the data set, and not black", async ([name, first, low, high], { skip }) => {
    const { input, said, file } = await opened(name, skip);
    expect(said).toMatch(/become 0 … 1 \(percentiles 0\.1 and 99\.9/);
    for (const [from, to] of input.range!) {
      expect(from).toBeGreaterThanOrEqual(low);
      expect(from).toBeLessThan(high / 5);
      expect(to).toBeGreaterThan(high / 2);
      expect(to).toBeLessThanOrEqual(high);
    }
    const mean = meanOf(await samples(file(first), input));
    expect(mean).toBeGreaterThan(0.15);
    expect(mean).toBeLessThan(0.85);
  });
});

it("decode/exif6_long.jpg: orientation 6 written as a LONG turns as one written as a SHORT", async ({ skip }) => {
  const file = caseRoot("decode/exif6_long.jpg") ?? skip("absent");
  const stored = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const { sizes } = await reader.sizes([file]);
  expect(sizes[0]).toEqual({ width: stored.info.height, height: stored.info.width });
  const turned = await sharp(stored.data, { raw: stored.info }).rotate(90).raw().toBuffer();
  const read = await pixels(file);
  const worst = read.reduce((most, value, i) => Math.max(most, Math.abs(value - turned[i]!)), 0);
  expect(worst).toBeLessThanOrEqual(1);
});

it("bmpmix: a class of BMPs is decoded, not only listed", async ({ skip }) => {
  const root = caseRoot("bmpmix") ?? skip("absent");
  const { train } = openFolder(root);
  const files = train.items.map(({ path }) => join(root, path));
  const { failures } = await reader.sizes(files);
  expect([files.filter((file) => file.endsWith(".bmp")).length, failures]).toEqual([14, []]);
  const bmp = await pixels(files.find((file) => file.endsWith("bird/0.bmp"))!);
  const levels = new Set(bmp);
  expect([bmp.length, levels.size > 32]).toEqual([48 * 48 * 3, true]);
});
