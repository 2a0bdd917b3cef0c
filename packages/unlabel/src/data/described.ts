// What the reader asks of a described image: how to tell one, what it is known by, and what it takes in memory.
import type { ImageSource } from "../base/native.ts";
import { type AnyImage, type Described, isOrdinary, type Tile } from "./input.ts";

export function isDescribed(image: AnyImage): image is Described {
  return typeof image === "object" && "input" in image;
}

/** Where an image lies; empty for one from memory. */
export function fileOf(image: AnyImage): string {
  const file = sourceOf(image);
  return typeof file === "string" ? file : "";
}

/** The file or the pixels themselves, without how they are to be read. */
export function sourceOf(image: AnyImage): ImageSource {
  return isDescribed(image) ? image.file : image;
}

/** What tells encoded images of files apart, parts and readings of one file included; null for one from memory. */
export function keyOf(image: AnyImage): string | null {
  if (!isDescribed(image)) return typeof image === "string" ? image : null;
  return typeof image.file === "string" ? [image.file, readingKey(image)].join("\0") : null;
}

/** What tells two readings of one file apart. */
function readingKey({ input, tile }: Omit<Described, "file">): string {
  const { channels, bands, range } = input;
  return JSON.stringify([channels, bands, range, tile && tileKey(tile)]);
}

/** What tells parts of one image apart. */
export function tileKey({ x, y, width, height }: Tile): string {
  return [x, y, width, height].join(",");
}

/** Channels that an image has once it is decoded. */
export function channelsOf(image: AnyImage): number {
  if (isDescribed(image)) return image.input.channels;
  return typeof image === "string" || image instanceof Uint8Array ? 3 : (image.channels ?? 3);
}

/** Whether samples of 16 bits are to be reckoned with. */
export function isWide(image: AnyImage): boolean {
  if (isDescribed(image)) return !isOrdinary(image.input);
  return typeof image === "object" && !(image instanceof Uint8Array) && image.data instanceof Uint16Array;
}

/** Bytes that a pixel takes at most once it is decoded. */
export function pixelBytes(image: AnyImage): number {
  return channelsOf(image) * (isWide(image) ? 2 : 1);
}
