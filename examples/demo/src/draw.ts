// One image: lines of running text in one typeface, in a colour on a colour, at some size and slant. What a picture shows of its
// script is all that pictures of one class share.
import { createHash } from "node:crypto";
import type { Typeface } from "./fonts.ts";

/** Edge of an image in pixels. */
export const EDGE = 64;

/** Numbers from 0 to 1 (excluded) that only `key` decides. */
export function numbers(key: string): () => number {
  let [block, at, count] = [Buffer.alloc(0), 0, 0];
  return () => {
    if (at === block.length) [block, at] = [createHash("sha256").update(`${key} ${count++}`).digest(), 0];
    at += 4;
    return block.readUInt32BE(at - 4) / 2 ** 32;
  };
}

/**
 * An SVG of text that fills it.
 *
 * @param words in their order; the text begins at some of them and goes around
 * @param next numbers from 0 to 1, which decide colours, size, slant and place
 */
export function drawText(typeface: Typeface, words: string[], leftwards: boolean, next: () => number): string {
  const ink = `hsl(${hue(next)} ${percent(0, 90, next)} ${percent(5, 25, next)})`;
  const paper = `hsl(${hue(next)} ${percent(0, 90, next)} ${percent(80, 97, next)})`;
  const size = between(18, 26, next);
  const lead = size * between(1.35, 1.55, next);
  const slant = between(-4, 4, next);
  let word = Math.floor(next() * words.length);
  // Half a diagonal: nothing farther from the middle is seen, however the text is turned.
  const reach = EDGE * Math.SQRT1_2;
  const outlines: string[] = [];
  for (let y = -reach + size * next(); y < reach + size; y += lead) {
    let x = -reach - 3 * size * next();
    for (; x < reach; word++) {
      const { outlines: drawn, width } = typeface.word(words[word % words.length]!);
      const left = leftwards ? -x - width * size : x;
      for (const { x: dx, y: dy, path } of drawn) {
        const [tx, ty] = [left + dx * size, y - dy * size];
        if (Math.hypot(tx, ty) > reach + 2 * size) continue;
        const scale = size / typeface.unitsPerEm;
        outlines.push(`<path transform="matrix(${scale} 0 0 ${-scale} ${tx} ${ty})" d="${path}"/>`);
      }
      x += (width + SPACE) * size;
    }
  }
  const half = EDGE / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${EDGE}" height="${EDGE}"><rect width="${EDGE}" height="${EDGE}" fill="${paper}"/><g fill="${ink}" transform="translate(${half} ${half}) rotate(${slant})">${outlines.join("")}</g></svg>`;
}

/** Between words, in ems. */
const SPACE = 0.28;

function between(from: number, to: number, next: () => number): number {
  return Math.round((from + (to - from) * next()) * 100) / 100;
}

const hue = (next: () => number): number => between(0, 360, next);
const percent = (from: number, to: number, next: () => number): string => `${between(from, to, next)}%`;
