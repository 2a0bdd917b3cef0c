// MAE's originals, masked views and reconstructions as data URIs, within a budget so that the report stays small.
import { join } from "node:path";
import sharp from "sharp";
import { readPicture } from "../run/read/own-file.ts";
import type { Run } from "../run/read/run.ts";

export type Picture = { uri: string; width: number; height: number };
export type Triplet = { original: Picture; masked: Picture; reconstructed: Picture };
export type Gallery = { triplets: Triplet[]; total: number; missing: string[] };

/** Larger files than this are made smaller before they are put in. */
const LARGE = 24_000;
const MOST = 12;

async function embed(file: Buffer): Promise<Picture> {
  const image = sharp(file);
  const { width, height } = await image.metadata();
  if (file.length <= LARGE) return { uri: uri("png", file), width, height };
  const { data, info } = await image
    .resize({ width: 256, height: 256, fit: "inside", withoutEnlargement: true })
    .webp({ quality: 86 })
    .toBuffer({ resolveWithObject: true });
  return { uri: uri("webp", data), width: info.width, height: info.height };
}

function uri(format: string, data: Buffer): string {
  return `data:image/${format};base64,${data.toString("base64")}`;
}

/**
 * Reads a run's pictures, as many as `budget` bytes hold and at most twelve; unreadable ones are named, not fatal.
 * `null` where the run has none.
 */
export async function gallery(run: Run, budget: number): Promise<Gallery | null> {
  if (!run.pictures) return null;
  const found: Gallery = { triplets: [], total: run.pictures.items.length, missing: [] };
  let used = 0;
  for (const item of run.pictures.items.slice(0, MOST)) {
    const read = async (name: string) => {
      try {
        return await embed(await readPicture(run.dir, "pictures", name, "png"));
      } catch {
        found.missing.push(join(run.dir, "pictures", name));
        return null;
      }
    };
    const [original, masked, reconstructed] = [
      await read(item.original),
      await read(item.masked),
      await read(item.reconstructed),
    ];
    if (!original || !masked || !reconstructed) continue;
    used += original.uri.length + masked.uri.length + reconstructed.uri.length;
    if (used > budget) break;
    found.triplets.push({ original, masked, reconstructed });
  }
  return found;
}
