// Typefaces from @fontsource's packages, and words shaped in them by HarfBuzz: letters joined, stacked and reordered as each script
// asks, the same on every machine.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { inflateSync } from "node:zlib";
import { Blob, Face, Font, shape, Buffer as Text } from "harfbuzzjs";

/** A word as drawn: outlines with their places, and how far it reaches, all in ems, y upwards. */
export interface Word {
  outlines: { x: number; y: number; path: string }[];
  width: number;
  /** Whether the typeface has all its letters. */
  whole: boolean;
}

/** A typeface of one weight. */
export interface Typeface {
  /** Units of an outline's coordinates in an em. */
  unitsPerEm: number;
  word(text: string): Word;
}

const packages = createRequire(import.meta.url);

/** Opens a file of package `@fontsource/NAME`. */
export function openTypeface(name: string, subset: string, weight: number): Typeface {
  const file = readFileSync(packages.resolve(`@fontsource/${name}/files/${name}-${subset}-${weight}-normal.woff`));
  const face = new Face(new Blob(new Uint8Array(sfnt(file)).buffer));
  const font = new Font(face);
  const words = new Map<string, Word>();
  const outlines = new Map<number, string>();
  const outline = (glyph: number): string => {
    const known = outlines.get(glyph) ?? font.glyphToPath(glyph);
    outlines.set(glyph, known);
    return known;
  };
  const unitsPerEm = face.upem;
  const shaped = (text: string): Word => {
    const buffer = new Text();
    buffer.addText(text);
    buffer.guessSegmentProperties();
    shape(font, buffer);
    const glyphs = buffer.getGlyphInfos();
    const places = buffer.getGlyphPositions();
    let at = 0;
    const drawn = glyphs.map(({ codepoint }, i) => {
      const { xAdvance, xOffset, yOffset } = places[i]!;
      const x = (at + xOffset) / unitsPerEm;
      at += xAdvance;
      return { x, y: yOffset / unitsPerEm, path: outline(codepoint) };
    });
    return {
      outlines: drawn.filter(({ path }) => path !== ""),
      width: at / unitsPerEm,
      // Glyph 0 stands for letters that a typeface has not.
      whole: at > 0 && glyphs.every(({ codepoint }) => codepoint !== 0),
    };
  };
  return {
    unitsPerEm,
    word(text) {
      const known = words.get(text) ?? shaped(text);
      words.set(text, known);
      return known;
    },
  };
}

/** The OpenType file within a WOFF file (https://www.w3.org/TR/WOFF/): the same tables, which WOFF deflates one by one. */
function sfnt(woff: Buffer): Buffer {
  const count = woff.readUInt16BE(12);
  const [entry, from] = [16, 20];
  const head = Buffer.alloc(12 + entry * count);
  woff.copy(head, 0, 4, 8);
  const power = Math.floor(Math.log2(count));
  for (const [i, value] of [count, entry * 2 ** power, power, entry * (count - 2 ** power)].entries())
    head.writeUInt16BE(value, 4 + 2 * i);
  const parts = [head];
  let offset = head.length;
  for (let i = 0; i < count; i++) {
    const at = 44 + from * i;
    const [start, packed, length] = [4, 8, 12].map((field) => woff.readUInt32BE(at + field)) as [
      number,
      number,
      number,
    ];
    const bytes = woff.subarray(start, start + packed);
    const table = Buffer.alloc(Math.ceil(length / 4) * 4);
    (packed < length ? inflateSync(bytes) : bytes).copy(table);
    const to = 12 + entry * i;
    woff.copy(head, to, at, at + 4); // tag
    woff.copy(head, to + 4, at + 16, at + 20); // checksum
    head.writeUInt32BE(offset, to + 8);
    head.writeUInt32BE(length, to + 12);
    parts.push(table);
    offset += table.length;
  }
  return Buffer.concat(parts);
}
