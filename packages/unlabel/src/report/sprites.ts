// Thumbnails: each run's sprite is put into the page once, as the background of a class; a tile is a square that shows its part.
import { join } from "node:path";
import sharp from "sharp";
import { type Html, html, raw } from "../page/html.ts";
import { readPicture } from "../run/read/own-file.ts";
import type { RunData } from "./data.ts";

/** By run: the class that shows its sprite. */
export type Sprites = Map<string, { css: string; uri: string }>;
export type Loaded = { sprites: Sprites; missing: string[] };

/** Of all sprites together, in bytes before base64. */
const BUDGET = 3_000_000;

/**
 * Reads the sprites of the first run of each group, smaller where they would not fit; unreadable ones are named, not fatal.
 */
export async function loadSprites(runs: readonly RunData[]): Promise<Loaded> {
  const shown = runs.filter(
    (run, at) => run.drawn && runs.findIndex((one) => one.group === run.group && one.drawn) === at,
  );
  const found: Loaded = { sprites: new Map(), missing: [] };
  for (const run of shown) {
    const name = run.drawn?.sprite ?? "";
    try {
      const uri = await embed(await readPicture(run.dir, "eval", name, "jpeg"), BUDGET / shown.length);
      found.sprites.set(run.name, { css: `s${found.sprites.size}`, uri });
    } catch {
      found.missing.push(join(run.dir, "eval", name));
    }
  }
  return found;
}

async function embed(file: Buffer, most: number): Promise<string> {
  // What has a JPEG's beginning alone is refused here.
  await sharp(file).metadata();
  if (file.length <= most) return `data:image/jpeg;base64,${file.toString("base64")}`;
  for (let quality = 72; ; quality -= 14) {
    const webp = await sharp(file).webp({ quality, effort: 2 }).toBuffer();
    if (webp.length <= most || quality <= 20) return `data:image/webp;base64,${webp.toString("base64")}`;
  }
}

/** The style that holds all sprites, for the end of the page: what stands before it is painted first. */
export function spriteStyle(sprites: Sprites): Html | null {
  if (sprites.size === 0) return null;
  const rules = [...sprites.values()].map(({ css, uri }) => `.${css}{background-image:url(${uri})}`);
  return html`<style>${raw(rules.join("\n"))}</style>`;
}

/** Where a tile lies in the sprite. */
export function place(run: RunData, at: number): string {
  const columns = run.drawn?.columns ?? 1;
  return `--c:${columns};--x:${at % columns};--y:${Math.floor(at / columns)}`;
}

export function tile(sprites: Sprites, run: RunData, at: number, what: string, extra = ""): Html {
  const css = sprites.get(run.name)?.css ?? "";
  return html`<span class="tile ${css} ${extra}" role="img" aria-label="${what}" title="${what}" style="${place(run, at)}"></span>`;
}
