// A folder of small images in four classes, the same each time.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { randomFrom } from "./random.ts";

const SIDE = 40;

/**
 * Writes JPEGs of waves, which are read afresh for each batch.
 *
 * @param counts images a class, by split
 * @param noise the most by which a pixel is off, of 255: how hard the classes are to tell apart
 */
export async function makeImages(data: string, counts: Record<string, number>, noise = 0): Promise<void> {
  const random = randomFrom(1);
  for (const [split, count] of Object.entries(counts)) {
    for (let kind = 0; kind < 4; kind++) {
      const folder = join(data, split, `class-${kind}`);
      mkdirSync(folder, { recursive: true });
      for (let i = 0; i < count; i++) {
        const pixels = Uint8ClampedArray.from(
          { length: SIDE * SIDE * 3 },
          (_, k) => 127 + 120 * Math.sin((k * (kind + 1)) / 7 + i) + (noise > 0 ? random(-noise, noise) : 0),
        );
        await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
          .jpeg()
          .toFile(join(folder, `${i}.jpg`));
      }
    }
  }
}
