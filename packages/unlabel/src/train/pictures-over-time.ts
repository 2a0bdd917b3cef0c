// Small pictures of what a run makes of a few images, drawn while it trains, so that one sees features form: places of like features in
// like colours, the nearest images, and reconstructions where the method makes any. Nothing of the training is touched to the bit: no
// random number is drawn, and the watch puts every module back as it was.
import { performance } from "node:perf_hooks";
import { noGrad, scope, type Tensor } from "@unlabel/torch";
import type { SettledConfig } from "../config/common.ts";
import { augment } from "../data/augment.ts";
import { Encoder } from "../encoders/encoder.ts";
import type { Method } from "../methods/method.ts";
import { momentsUpTo, type PicturedImage, type PicturesMoment, sheetName } from "../run/pictures-over-time.ts";
import { nearest } from "../score/knn.ts";
import { encodeHeldOut, type HeldOut } from "./held-out.ts";
import type { Moment } from "./look-plan.ts";
import { stretchOf } from "./pictures.ts";
import { imagesFor, isAffordable, isDue, SHOWN } from "./pictures-plan.ts";
import { SHEET_COLUMNS, Sheet, type Square } from "./sheet.ts";
import { tokenColours } from "./token-colours.ts";

/** Edge of a picture in pixels, at most. */
const TILE = 96;
/** Neighbours of an image that are shown. */
const NEAR = 5;
/** Fewer places than these are no picture. */
const FEWEST_PLACES = 4;
/** Seconds that it takes to encode and write a sheet, until that is known. */
const WRITING = 0.1;

export interface PicturesOptions {
  config: SettledConfig;
  method: Method;
  device: string;
  /** Views that a step makes of an image, smaller ones counted by their area. */
  views: number;
  /** Images that there are to look at. */
  available: number;
  /** Whether images are of 8 bits, and are shown as they are. */
  ordinary: boolean;
}

/** Pictures that are drawn and have still to be encoded. */
interface Drawing {
  moment: PicturesMoment;
  sheet: Sheet;
}

/** Pictures that are encoded and have still to be written. */
export interface DrawnMoment {
  moment: PicturesMoment;
  sheet: Uint8Array;
}

/** See the head of this file. */
export class PicturesOverTimeWatch {
  readonly #options: PicturesOptions;
  /** Steps that there are pictures of. */
  #steps: number[] = [];
  #images: number | null = null;
  /** Of the first pictures, which are encoded once there is time. */
  #waiting: Drawing | null = null;
  /** Seconds that drawing the last ones took, and that they took in all; null before. */
  #took = 0;
  #cost: number | null = null;
  #spent = 0;
  /** Of these seconds, those that a sheet tells of. */
  #told = 0;

  constructor(options: PicturesOptions) {
    this.#options = options;
  }

  /** Goes on after `start` steps in that run directory. */
  open(run: string, start: number): void {
    this.#steps = momentsUpTo(run, start).map(({ step }) => step);
  }

  /** Images that pictures are made of, for a run of so many steps; 0 for none. */
  images(total: number): number {
    const { config, views, available } = this.#options;
    this.#images ??= imagesFor({ total, batch: config.batch, views, available });
    return this.#images;
  }

  /** Whether pictures are to be drawn after this step, or before the first one. */
  due(moment: Moment): boolean {
    if (this.images(moment.total) === 0 || !isDue(moment, this.#steps)) return false;
    return moment.step === 0 || isAffordable(moment, this.#cost ?? WRITING, this.#spent);
  }

  /** Whether there are pictures that can be encoded now. */
  ready(moment: Moment): boolean {
    return this.#waiting !== null && isAffordable(moment, WRITING, this.#spent);
  }

  /**
   * Draws them.
   *
   * @param features of normalised images, `[B, D]`
   */
  draw(moment: Moment, heldOut: HeldOut, features: (images: Tensor) => Tensor): Drawing {
    const began = performance.now();
    const drawing = this.#draw(moment, heldOut, features);
    this.#steps.push(moment.step);
    this.#took = this.#spend(began);
    return drawing;
  }

  /** Encodes them, but those from before the first step, which wait until it is known whether there is time; null of these. */
  async encode(drawing: Drawing): Promise<DrawnMoment | null> {
    if (drawing.moment.step === 0) {
      this.#waiting = drawing;
      return null;
    }
    const began = performance.now();
    const sheet = await drawing.sheet.encode();
    this.#cost = this.#took + this.#spend(began);
    return this.#drawn(drawing.moment, sheet);
  }

  /** Encodes those that have waited. */
  async encodeWaiting(): Promise<DrawnMoment | null> {
    const waiting = this.#waiting;
    if (waiting === null) return null;
    this.#waiting = null;
    const began = performance.now();
    const sheet = await waiting.sheet.encode();
    this.#spend(began);
    return this.#drawn(waiting.moment, sheet);
  }

  /** With what has been spent since the sheet before it. */
  #drawn(moment: PicturesMoment, sheet: Uint8Array): DrawnMoment {
    const seconds = Math.round((this.#spent - this.#told) * 1e4) / 1e4;
    this.#told = this.#spent;
    return { moment: { ...moment, seconds }, sheet };
  }

  /** Counts seconds that pictures took elsewhere, such as to read their images. */
  spend(seconds: number): void {
    this.#spent += seconds;
  }

  /** Counts what has been spent since, and returns it in seconds. */
  #spend(began: number): number {
    const seconds = (performance.now() - began) / 1000;
    this.#spent += seconds;
    return seconds;
  }

  #draw({ step, total }: Moment, heldOut: HeldOut, features: (images: Tensor) => Tensor): Drawing {
    const { config, method, device, ordinary } = this.#options;
    const { encoder } = method;
    const { pixels, labels, names } = heldOut;
    const count = Math.min(this.images(total), labels.length);
    const shown = Math.min(SHOWN, count);
    const size = pixels.shape[1]!;
    const sheet = new Sheet(Math.min(TILE, size));
    return noGrad(() =>
      scope(() => {
        const looked = pixels.narrow(0, 0, count);
        const first = augment(looked.narrow(0, 0, shown).to({ device }), { ...config, blur: null });
        const squares = squaresOf(looked, ordinary);
        const tiles = new Map<number, number>();
        const tileOf = (row: number) => {
          const tile = tiles.get(row) ?? sheet.add(squares(row));
          tiles.set(row, tile);
          return tile;
        };
        const images = Array.from({ length: shown }, (_, row): PicturedImage => {
          const tile = tileOf(row);
          return { name: names[row]!, tile, features: null, masked: null, reconstructed: null, near: [] };
        });
        const add = (kind: "features" | "masked" | "reconstructed", found: readonly Square[] | null) => {
          for (const [row, square] of (found ?? []).entries()) images[row]![kind] = sheet.add(square);
        };
        add("features", coloursOf(encoder, first));
        if (method.pictures) {
          const { original, masked, reconstructed } = method.pictures(first);
          const stretch = ordinary ? null : stretchOf(original);
          add("masked", bytesOf(masked, stretch));
          add("reconstructed", bytesOf(reconstructed, stretch));
        }
        if (count > 2 * SHOWN) {
          const encoded = encodeHeldOut(looked, config, features, device);
          if (encoded.isfinite().all().item() === 1) {
            const { k, indices, similarities } = nearest(encoded, encoded.narrow(0, 0, shown), NEAR + 1);
            for (const [row, image] of images.entries()) {
              const found = Array.from({ length: k }, (_, j) => row * k + j).filter((at) => indices[at] !== row);
              image.near = found.slice(0, NEAR).map((at) => {
                const other = indices[at]!;
                const known = labels[row]! >= 0 && labels[other]! >= 0;
                return {
                  tile: tileOf(other),
                  similarity: Math.round(similarities[at]! * 1e4) / 1e4,
                  right: known ? labels[row] === labels[other] : null,
                };
              });
            }
          }
        }
        const moment: PicturesMoment = {
          ...{ step, total, file: sheetName(step), tile: sheet.tile, columns: SHEET_COLUMNS },
          among: count > 2 * SHOWN ? count : 0,
          images,
        };
        return { moment, sheet };
      }),
    );
  }
}

/** Places of images in colours; null of an encoder that has no places, or too few. */
function coloursOf(encoder: Encoder, images: Tensor): Square[] | null {
  if (encoder.tokens === Encoder.prototype.tokens) return null;
  const { tokens, grid } = encoder.tokens(images);
  const [height, width] = grid;
  if (height * width < FEWEST_PLACES) return null;
  const guide = images.to({ dtype: "float32" }).adaptiveAvgPool2d([height, width]).flatten(2).transpose(1, 2);
  const pixels = tokenColours(tokens, guide);
  if (pixels === null) return null;
  const bytes = 3 * height * width;
  return Array.from({ length: images.shape[0]! }, (_, i) => {
    return { pixels: pixels.subarray(i * bytes, (i + 1) * bytes), width, height, channels: 3 };
  });
}

/** The first three channels, or the first, of `[N, S, S, C]`: bytes, or from 0 to 1, spread from black to white. */
function squaresOf(pixels: Tensor, ordinary: boolean): (row: number) => Square {
  const bytes = ordinary ? pixels : pixels.mul(255).round().clamp(0, 255).to({ dtype: "uint8" });
  const first = bytes.permute([0, 3, 1, 2]);
  const stretch = ordinary ? null : stretchOf(first);
  return (row) => bytesOf(first.narrow(0, row, 1), stretch)[0]!;
}

/** Images `[N, C, H, W]` of bytes. */
function bytesOf(images: Tensor, stretch: readonly Uint8Array[] | null): Square[] {
  const [count, all, height, width] = images.shape as [number, number, number, number];
  const channels = all >= 3 ? 3 : 1;
  const last = images.narrow(1, 0, channels).permute([0, 2, 3, 1]).contiguous();
  const pixels = Uint8Array.from(last.to({ dtype: "uint8" }).toArray() as Uint8Array);
  if (stretch) for (let i = 0; i < pixels.length; i++) pixels[i] = stretch[i % channels]![pixels[i]!]!;
  const bytes = channels * height * width;
  return Array.from({ length: count }, (_, i) => {
    return { pixels: pixels.subarray(i * bytes, (i + 1) * bytes), width, height, channels };
  });
}
