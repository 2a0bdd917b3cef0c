// How much memory images other than JPEG may take while they are decoded, and what is refused.
import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { nativeReader } from "../base/native.ts";
import { sampleImage } from "../testing/data.ts";
import { makeTiff } from "../testing/tiff.ts";
import { DECODE_BYTES, decodeForeign, foreignHeader } from "./foreign.ts";
import { ImageReader } from "./reader.ts";

/** An animation of 30 × 20 pixels whose canvas claims another size. */
async function claimingWebp(width: number, height: number): Promise<Buffer> {
  const frames = await Promise.all([0, 1].map((kind) => sampleImage(30, 20, kind).png().toBuffer()));
  const bytes = await sharp(frames, { join: { animated: true } })
    .webp()
    .toBuffer();
  expect(bytes.toString("latin1", 12, 16)).toBe("VP8X");
  bytes.writeUIntLE(width - 1, 24, 3);
  bytes.writeUIntLE(height - 1, 27, 3);
  return bytes;
}

/** A JPEG without subsampling whose frame claims another size. */
async function claimingJpeg(progressive: boolean, width: number, height: number): Promise<Buffer> {
  const bytes = await sampleImage(30, 20).jpeg({ progressive, chromaSubsampling: "4:4:4" }).toBuffer();
  const frame = bytes.indexOf(Buffer.from([0xff, progressive ? 0xc2 : 0xc0]));
  bytes.writeUInt16BE(height, frame + 5);
  bytes.writeUInt16BE(width, frame + 7);
  return bytes;
}

describe("the memory that decoding takes", () => {
  it.each<[string, number, (image: Sharp) => Sharp]>([
    ["PNG, by rows", 4, (image) => image.png()],
    ["PNG, gray", 4, (image) => image.grayscale().png()],
    [
      "PNG, interlaced, 16-bit, transparent",
      12,
      (image) => image.ensureAlpha().toColourspace("rgb16").png({ progressive: true }),
    ],
    ["PNG, turned", 7, (image) => image.withMetadata({ orientation: 6 }).png()],
    ["TIFF", 7, (image) => image.tiff()],
    ["TIFF, 16-bit", 10, (image) => image.toColourspace("rgb16").tiff({ compression: "lzw" })],
    ["TIFF, turned", 10, (image) => image.withMetadata({ orientation: 6 }).tiff()],
    ["GIF", 8, (image) => image.gif()],
    ["WebP", 12, (image) => image.webp()],
    ["AVIF", 23, (image) => image.avif({ effort: 0 })],
  ])("is known from the header: %s, %d bytes a pixel", async (_, each, make) => {
    const header = await foreignHeader(await make(sampleImage(30, 20)).toBuffer());
    expect(header.bytes).toBe(30 * 20 * each);
    expect([header.width, header.height].sort()).toEqual([20, 30]);
  });

  it("is refused above the budget", async () => {
    const reader = new ImageReader();
    const { sizes, failures } = await reader.sizes([await claimingWebp(8000, 8000), await claimingWebp(8000, 6000)]);
    expect(sizes).toEqual([null, { width: 8000, height: 6000 }]);
    expect(failures).toMatchObject([{ index: 0, reason: "decoding it takes 768 MB; at most 640 MB are used" }]);
  });

  it("is shared: an image waits until those before it are used", async () => {
    const image = await sampleImage(30, 20).png().toBuffer();
    const events: string[] = [];
    let finish = () => {};
    const first = decodeForeign(image, 0.6 * DECODE_BYTES, async () => {
      events.push("first decoded");
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      events.push("first used");
    });
    const second = decodeForeign(image, 0.6 * DECODE_BYTES, async () => void events.push("second decoded"));
    while (events.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(events).toEqual(["first decoded"]);
    finish();
    await Promise.all([first, second]);
    expect(events).toEqual(["first decoded", "first used", "second decoded"]);
  });

  it("is given back where a use fails", async () => {
    const image = await sampleImage(30, 20).png().toBuffer();
    for (let i = 0; i < 3; i++) {
      const failing = decodeForeign(image, DECODE_BYTES, () => Promise.reject(new Error("no use")));
      await expect(failing).rejects.toThrow("no use");
    }
  });

  it("is freed by releasing pixels, at once", async () => {
    await decodeForeign(await sampleImage(30, 20).png().toBuffer(), undefined, async ({ data }) => {
      expect(data.length).toBe(30 * 20 * 3);
      nativeReader().release(data);
      expect(data.length).toBe(0);
    });
  });

  it("is refused to a JPEG of several scans that needs too much, not to one of a single scan", async () => {
    const images = await Promise.all([true, false].map((progressive) => claimingJpeg(progressive, 8000, 6000)));
    const { sizes, failures } = await new ImageReader().sizes(images);
    expect(sizes).toEqual([null, { width: 8000, height: 6000 }]);
    const reason = "it has several scans, which take 288 MB to decode; at most 192 MB are used";
    expect(failures).toMatchObject([{ index: 0, reason }]);
  });
});

describe("TIFFs among photographs", () => {
  const pixels = Uint8Array.from({ length: 5 * 4 * 4 }, (_, i) => (i * 37) % 256);
  const rgb = pixels.filter((_, i) => i % 4 < 3);
  const decoded = (file: Uint8Array) =>
    decodeForeign(file, undefined, async ({ data, width, height }) => ({ data: Buffer.from(data), width, height }));

  it("with a fourth band that is not said to be opacity are red, green and blue to the bit", async () => {
    for (const extra of [[0], []]) {
      const file = makeTiff({ width: 5, height: 4, bands: 4, data: pixels, photometric: 2, extra });
      expect(await decoded(file)).toEqual({ data: Buffer.from(rgb), width: 5, height: 4 });
    }
  });

  it("with opacity lie on white, and gray with a second band is gray", async () => {
    const file = makeTiff({ width: 5, height: 4, bands: 4, data: pixels, photometric: 2, extra: [2] });
    const png = await sharp(pixels, { raw: { width: 5, height: 4, channels: 4 } })
      .png()
      .toBuffer();
    expect((await decoded(file)).data).toEqual((await decoded(png)).data);
    const gray = makeTiff({ width: 2, height: 1, bands: 2, data: Uint8Array.of(7, 0, 250, 99) });
    expect([...(await decoded(gray)).data]).toEqual([7, 7, 7, 250, 250, 250]);
  });

  it("of 16 bits are the same as those of 8 that they were made of", async () => {
    const data = Uint16Array.from(rgb, (value) => value * 257);
    expect((await decoded(makeTiff({ width: 5, height: 4, bands: 3, data, photometric: 2 }))).data).toEqual(
      Buffer.from(rgb),
    );
    expect((await decoded(makeTiff({ width: 5, height: 4, bands: 3, data, photometric: 1 }))).data).toEqual(
      Buffer.from(rgb),
    );
  });

  it.each<[string, Parameters<typeof makeTiff>[0], RegExp]>([
    [
      "13 bands",
      { width: 1, height: 1, bands: 13, data: new Uint16Array(13) },
      /^it has 13 bands, .*--set channels=13, or three of them: --set bands=3,2,1$/,
    ],
    [
      "4 bands without colours",
      { width: 1, height: 1, bands: 4, data: new Uint8Array(4) },
      /^it has 4 bands, .*--set channels=4/,
    ],
    [
      "floats",
      { width: 1, height: 1, bands: 1, data: new Float32Array(1) },
      /^its samples are 32-bit float, .*--set range=0,1$/,
    ],
  ])("of %s are skipped with how to have them read", async (_, options, reason) => {
    const { failures } = await new ImageReader().sizes([makeTiff(options), await sampleImage(8, 8).png().toBuffer()]);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({ index: 0, reason: expect.stringMatching(reason) });
  });
});
