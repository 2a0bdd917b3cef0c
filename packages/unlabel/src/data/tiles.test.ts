// Images cut into tiles: where, what is left out, what is read of a file, and what cannot be cut.
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { sampleImage, samplePixels, temporaryFolder } from "../testing/data.ts";
import { makeTiff } from "../testing/tiff.ts";
import type { Split } from "./folder.ts";
import { decodeDescribed } from "./foreign/described.ts";
import { PHOTOGRAPHS } from "./input.ts";
import { openImages, openImagesAs } from "./open-images.ts";
import { cutIntoTiles, grid } from "./tiles.ts";

describe("the grid", () => {
  it.each<[number, number, number, [number, number, number, number][], number]>([
    [
      8,
      4,
      4,
      [
        [0, 0, 4, 4],
        [4, 0, 4, 4],
      ],
      0,
    ],
    // Half a tile is one, less is left out.
    [
      10,
      4,
      4,
      [
        [0, 0, 4, 4],
        [4, 0, 4, 4],
        [8, 0, 2, 4],
      ],
      0,
    ],
    [
      9,
      5,
      4,
      [
        [0, 0, 4, 4],
        [4, 0, 4, 4],
      ],
      2,
    ],
    // What is smaller than a tile stays.
    [1, 1, 4, [[0, 0, 1, 1]], 0],
    [
      3,
      9,
      4,
      [
        [0, 0, 3, 4],
        [0, 4, 3, 4],
      ],
      1,
    ],
  ])("of %d × %d in %d", (width, height, side, tiles, edges) => {
    const found = grid(width, height, side);
    expect(found.tiles.map(({ x, y, width: across, height: down }) => [x, y, across, down])).toEqual(tiles);
    expect(found.edges).toBe(edges);
  });
});

describe("a folder", () => {
  const settings = { channels: "auto", bands: null, range: "auto", tiles: 16 } as const;

  it("is cut into tiles that together are its images, and says so", async () => {
    using folder = temporaryFolder();
    const rgb = samplePixels(40, 32);
    const image = sharp(rgb, { raw: { width: 40, height: 32, channels: 3 } });
    await image.clone().png().toFile(join(folder.path, "a-x.png"));
    await image.clone().tiff({ compression: "lzw" }).toFile(join(folder.path, "b-y.tif"));
    const data = await openImages(folder.path, settings, 0);
    expect(data.train.items.map(({ path, tile }) => `${path} ${tile!.x},${tile!.y}`)).toEqual(
      ["a-x.png", "b-y.tif"].flatMap((name) =>
        ["0,0", "16,0", "32,0", "0,16", "16,16", "32,16"].map((at) => `${name} ${at}`),
      ),
    );
    expect(data.readings).toEqual(["2 images are cut into 12 tiles of 16 × 16 pixels"]);
    const whole = await openImages(folder.path, { ...settings, tiles: 64 }, 0);
    expect(whole.readings).toEqual(["no image makes two tiles of 64 × 64 pixels: all 2 are read as one each"]);
    expect(data.train.input).toEqual({ ...PHOTOGRAPHS, tiles: 16 });
    for (const { path, tile } of data.train.items) {
      const right = await sharp(rgb, { raw: { width: 40, height: 32, channels: 3 } })
        .extract({ left: tile!.x, top: tile!.y, width: tile!.width, height: tile!.height })
        .raw()
        .toBuffer();
      await decodeDescribed({ file: join(folder.path, path), input: data.train.input!, tile: tile! }, async (pixels) =>
        expect(Buffer.from(pixels.data)).toEqual(right),
      );
    }
    // The same again from what a run keeps.
    expect(await openImagesAs(folder.path, data.train.input!)).toMatchObject({ train: data.train });
  });

  it("keeps an image that cannot be read, for whoever reads it to say why", async () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "a.png"), "no image");
    await sampleImage(16, 16).toFile(join(folder.path, "b.png"));
    const data = await openImages(folder.path, settings, 0);
    expect(data.train.items.map(({ path, tile }) => [path, tile !== undefined])).toEqual([
      ["a.png", false],
      ["b.png", true],
    ]);
  });
});

/** A TIFF that claims a size, of which nothing but the header is there. */
function claiming(width: number, height: number, rows: number, packed: boolean): Buffer {
  const file = makeTiff({ width: 4, height: 4, bands: 1, data: new Uint8Array(16), strips: Math.ceil(height / rows) });
  const directory = file.readUInt32LE(4);
  for (let i = 0; i < file.readUInt16LE(directory); i++) {
    const at = directory + 2 + 12 * i;
    const tag = file.readUInt16LE(at);
    if (tag === 256) file.writeUInt32LE(width, at + 8);
    if (tag === 257) file.writeUInt32LE(height, at + 8);
    if (tag === 278) file.writeUInt32LE(rows, at + 8);
    if (tag === 259 && packed) file.writeUInt16LE(8, at + 8);
  }
  return file;
}

describe("an image too large to be read whole", () => {
  const one = (folder: string): Split => ({ name: "train", root: folder, items: [{ path: "a.tif", label: -1 }] });

  it("is cut where its parts can be read by themselves", async () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "a.tif"), claiming(20_000, 20_000, 20_000, false));
    // A file with a hole, which takes no room.
    truncateSync(join(folder.path, "a.tif"), 20_000 * 20_000 + 8);
    expect((await cutIntoTiles(one(folder.path), 512)).split.items).toHaveLength(39 * 39);
  });

  it.each([
    ["in one packed strip", 20_000],
    ["in packed strips of eight rows", 8],
  ])("is left aside %s, with the command that makes tiles of it", async (_, rows) => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "a.tif"), claiming(60_000, 20_000, rows, true));
    await expect(cutIntoTiles(one(folder.path), 512)).rejects.toThrow(
      /a\.tif: make a tiled TIFF of it: vips tiffsave.*--tile/,
    );
    await sampleImage(20, 20).toFile(join(folder.path, "b.png"));
    const split = one(folder.path);
    const cut = await cutIntoTiles({ ...split, items: [...split.items, { path: "b.png", label: -1 }] }, 512);
    expect(cut.split.items).toHaveLength(1);
    expect(cut.leftAside).toMatchObject([{ what: "too large to be cut", count: 1, example: "a.tif" }]);
  });
});
