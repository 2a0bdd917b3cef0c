// make.mjs OUT [PHOTOS]: images as satellites send them, to try settings on. TIFFs of four bands (blue, green, red, near infrared)
// in samples of 16 bits, of which some 12 are used, in class folders. Without PHOTOS four kinds of ground are drawn, of which two look
// alike in visible light; with PHOTOS (train…/CLASS/, val…/CLASS/) its photographs are taken, with a fourth band made of them.
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";

const SIDE = 96;
const [out, photos] = process.argv.slice(2);
if (out === undefined) {
  console.error("Expected a folder to write to: node examples/scientific-images/make.mjs OUT [PHOTOS]");
  process.exit(2);
}

/** Mean reflectances (× 10,000) of blue, green, red and near infrared, how much they vary, and the width of what is seen in pixels. */
const GROUNDS = {
  forest: { bands: [320, 520, 360, 2900], spread: 0.25, grain: 4 },
  meadow: { bands: [340, 560, 380, 4200], spread: 0.25, grain: 6 },
  town: { bands: [1400, 1500, 1600, 1900], spread: 0.6, grain: 10 },
  water: { bands: [700, 500, 330, 110], spread: 0.12, grain: 24 },
};

let count = 0;
if (photos === undefined) {
  for (const [name, ground] of Object.entries(GROUNDS)) {
    for (let i = 0; i < 60; i++) write(i < 40 ? "train" : "val", name, i, drawn(ground, i));
  }
} else {
  const { default: sharp } = await import("sharp");
  for (const path of imagesIn(photos)) {
    const parts = path.split("/");
    const { data } = await sharp(join(photos, path))
      .resize(SIDE, SIDE, { fit: "cover" })
      .removeAlpha()
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    write(/^val|^test/i.test(parts[0]) ? "val" : "train", parts.at(-2) ?? "all", count, fromColours(data));
  }
}
console.log(`${count} images of 4 bands, ${SIDE} × ${SIDE} pixels of 16 bits, in ${out}`);

/** Smooth noise around a ground's reflectances, brighter or darker from image to image as light and haze are. */
function drawn({ bands, spread, grain }, seed) {
  const next = random(seed * 97 + bands[3]);
  const light = 0.7 + 0.6 * next();
  const waves = Array.from({ length: 6 }, () => {
    const [angle, width] = [2 * Math.PI * next(), grain * (0.5 + next())];
    return { x: Math.cos(angle) / width, y: Math.sin(angle) / width, phase: 2 * Math.PI * next() };
  });
  const samples = new Uint16Array(SIDE * SIDE * 4);
  for (let at = 0; at < SIDE * SIDE; at++) {
    const [x, y] = [at % SIDE, Math.floor(at / SIDE)];
    const wave = waves.reduce((sum, one) => sum + Math.sin(one.x * x + one.y * y + one.phase), 0) / waves.length;
    for (let band = 0; band < 4; band++) {
      samples[4 * at + band] = Math.max(1, bands[band] * light * (1 + spread * (wave + 0.4 * (next() - 0.5))));
    }
  }
  return samples;
}

/** Red, green and blue of 8 bits as reflectances, and how green a pixel is as its near infrared. */
function fromColours(rgb) {
  const samples = new Uint16Array(SIDE * SIDE * 4);
  for (let at = 0; at < SIDE * SIDE; at++) {
    const [red, green, blue] = rgb.subarray(3 * at, 3 * at + 3);
    samples.set(
      [blue, green, red].map((value) => 100 + 10 * value),
      4 * at,
    );
    samples[4 * at + 3] = 100 + Math.max(0, 20 * green - 8 * red - 4 * blue);
  }
  return samples;
}

function write(split, name, number, samples) {
  const folder = join(out, split, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${String(number).padStart(4, "0")}.tif`), tiff(samples));
  count++;
}

/** The bytes of a TIFF: one strip, bands side by side; that they are colours it does not say, as such files seldom do. */
function tiff(samples) {
  const bits = Buffer.from(new Uint16Array(4).fill(16).buffer);
  const extra = Buffer.from(new Uint16Array(3).buffer);
  const [entries, pixels] = [10, samples.length * 2];
  const [bitsAt, extraAt] = [8 + pixels, 8 + pixels + bits.length];
  const fields = [
    [256, 4, 1, SIDE],
    [257, 4, 1, SIDE],
    [258, 3, 4, bitsAt],
    [259, 3, 1, 1],
    [262, 3, 1, 1],
    [273, 4, 1, 8],
    [277, 3, 1, 4],
    [278, 4, 1, SIDE],
    [279, 4, 1, pixels],
    [338, 3, 3, extraAt],
  ];
  const directory = Buffer.alloc(2 + 12 * entries + 4);
  directory.writeUInt16LE(entries, 0);
  for (const [i, [tag, type, length, value]] of fields.entries()) {
    directory.writeUInt16LE(tag, 2 + 12 * i);
    directory.writeUInt16LE(type, 4 + 12 * i);
    directory.writeUInt32LE(length, 6 + 12 * i);
    directory.writeUInt32LE(value, 10 + 12 * i);
  }
  const head = Buffer.from([0x49, 0x49, 42, 0, 0, 0, 0, 0]);
  head.writeUInt32LE(extraAt + extra.length, 4);
  return Buffer.concat([head, Buffer.from(samples.buffer), bits, extra, directory]);
}

/** Paths of JPEGs and PNGs below a folder, with `/` between their parts. */
function imagesIn(root, below = "") {
  return readdirSync(join(root, below))
    .sort()
    .flatMap((name) => {
      const path = below === "" ? name : `${below}/${name}`;
      if (statSync(join(root, path)).isDirectory()) return imagesIn(root, path);
      return /^\.(jpe?g|png)$/i.test(extname(name)) ? [path] : [];
    });
}

/** Numbers from 0 to 1, the same ones for a seed (mulberry32). */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
