// Sound images of every format and make that the reader knows, small ones, for damage to begin from: photographs where they are
// present, else made-up colours.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { dataRoot, sampleImage } from "../data.ts";

export interface Seed {
  /** What it is: `jpeg progressive`. */
  name: string;
  /** Without the dot. */
  extension: string;
  bytes: Buffer;
}

const WIDTH = 88;
const HEIGHT = 66;

type Make = (image: Sharp, others: () => Promise<Buffer[]>) => Promise<Buffer>;

const MAKES: [name: string, extension: string, make: Make][] = [
  ["jpeg", "jpg", (image) => image.jpeg({ quality: 80 }).toBuffer()],
  ["jpeg 4:4:4", "jpg", (image) => image.jpeg({ chromaSubsampling: "4:4:4" }).toBuffer()],
  ["jpeg progressive", "jpg", (image) => image.jpeg({ progressive: true }).toBuffer()],
  ["jpeg gray", "jpg", (image) => image.grayscale().jpeg().toBuffer()],
  ["jpeg CMYK", "jpg", (image) => image.toColourspace("cmyk").jpeg().toBuffer()],
  ["jpeg turned", "jpg", (image) => image.withMetadata({ orientation: 6 }).jpeg().toBuffer()],
  ["png", "png", (image) => image.png().toBuffer()],
  ["png 16-bit", "png", (image) => image.toColourspace("rgb16").png().toBuffer()],
  ["png palette", "png", (image) => image.png({ palette: true, colours: 32 }).toBuffer()],
  ["png interlaced, transparent", "png", (image) => image.ensureAlpha(0.5).png({ progressive: true }).toBuffer()],
  ["webp", "webp", (image) => image.webp().toBuffer()],
  ["webp lossless, transparent", "webp", (image) => image.ensureAlpha(0.5).webp({ lossless: true }).toBuffer()],
  [
    "webp animated",
    "webp",
    async (_, others) =>
      sharp(await others(), { join: { animated: true } })
        .webp()
        .toBuffer(),
  ],
  ["gif", "gif", (image) => image.gif().toBuffer()],
  [
    "gif animated",
    "gif",
    async (_, others) =>
      sharp(await others(), { join: { animated: true } })
        .gif()
        .toBuffer(),
  ],
  ["tiff lzw", "tif", (image) => image.tiff({ compression: "lzw" }).toBuffer()],
  ["tiff 16-bit", "tif", (image) => image.toColourspace("rgb16").tiff({ compression: "none" }).toBuffer()],
  ["avif", "avif", (image) => image.avif({ effort: 0 }).toBuffer()],
];

/** All seeds, or those whose name begins with `kind`. */
export async function makeSeeds(kind = ""): Promise<Seed[]> {
  const picture = pictures();
  const others = () => Promise.all([0, 1, 2].map((i) => picture(i).png().toBuffer()));
  return Promise.all(
    MAKES.filter(([name]) => name.startsWith(kind)).map(async ([name, extension, make], i) => ({
      name,
      extension,
      bytes: await make(picture(i), others),
    })),
  );
}

function pictures(): (i: number) => Sharp {
  const root = dataRoot("photos");
  if (!root) return (i) => sampleImage(WIDTH, HEIGHT, i);
  const files = readdirSync(root)
    .filter((name) => /\.jpe?g$/i.test(name))
    .sort();
  return (i) => sharp(join(root, files[(i * 7) % files.length]!)).resize(WIDTH, HEIGHT, { fit: "cover" });
}
