// The pictures over time of a run that is watched: always of the same images, drawn where there is time, and handed over to be written.
// Training needs none of it: what goes wrong ends the pictures, and is said once.
import { performance } from "node:perf_hooks";
import type { Tensor } from "@unlabel/torch";
import type { SettledConfig } from "../config/common.ts";
import type { Split } from "../data/folder.ts";
import type { ImageReader } from "../data/reader.ts";
import { type HeldOut, readHeldOut } from "./held-out.ts";
import type { Moment } from "./look-plan.ts";
import type { LookedImages } from "./looked-images.ts";
import type { DrawnMoment, PicturesOverTimeWatch } from "./pictures-over-time.ts";

/** Calls with the encoder as evaluation sees it. */
type Evaluating = <T>(body: (features: (images: Tensor) => Tensor) => T) => T;

/** Where the images come from, and what draws them. */
export interface PictureSource {
  split: Split;
  config: Pick<SettledConfig, "size" | "seed">;
  reader: ImageReader;
  /** Those that looks have read. */
  looked: LookedImages;
  /** Of a source in blocks nothing is read for pictures alone. */
  inBlocks: boolean;
  evaluating: Evaluating;
}

/** Pictures that are drawn while a run trains. */
export class WatchedPictures implements Disposable {
  readonly #source: PictureSource;
  /** Null once there are to be no more. */
  #pictures: PicturesOverTimeWatch | null;
  /** The images of pictures; null where there are none, undefined before they are read. */
  #pictured: HeldOut | null | undefined;
  #drawn: DrawnMoment[] = [];
  #complaint: string | null = null;

  constructor(pictures: PicturesOverTimeWatch, source: PictureSource) {
    [this.#pictures, this.#source] = [pictures, source];
  }

  /** Goes on with the pictures of a run directory, of which so many steps are done. */
  open(run: string, start: number): void {
    this.#pictures?.open(run, start);
  }

  /** Draws before the first step, where there is time. @returns seconds that it took; 0 where nothing was drawn */
  async begin(moment: Moment): Promise<number> {
    if (this.#source.inBlocks || this.#pictures?.due(moment) !== true) return 0;
    const began = performance.now();
    await this.#draw(this.#pictures, moment);
    return (performance.now() - began) / 1000;
  }

  /** Draws and encodes what there is time for after a step; says whether there was anything. */
  async after(moment: Moment): Promise<boolean> {
    const pictures = this.#pictures;
    if (!pictures) return false;
    const isReady = pictures.ready(moment);
    if (isReady) await this.flush();
    const { inBlocks, looked } = this.#source;
    const isDue = (!inBlocks || looked.now !== null) && pictures.due(moment);
    if (isDue) await this.#draw(pictures, moment);
    return isReady || isDue;
  }

  /** Encodes what has waited for its time, as before a run is left. */
  async flush(): Promise<void> {
    const drawn = await this.#pictures?.encodeWaiting();
    if (drawn) this.#drawn.push(drawn);
  }

  /** Those drawn since this was last asked, to be written. */
  take(): DrawnMoment[] {
    return this.#drawn.splice(0);
  }

  /** Why there will be no more, to be said once; null where nothing went wrong. */
  takeComplaint(): string | null {
    const said = this.#complaint;
    this.#complaint = null;
    return said;
  }

  [Symbol.dispose](): void {
    this.#pictured?.pixels.dispose();
  }

  async #draw(pictures: PicturesOverTimeWatch, moment: Moment): Promise<void> {
    const { inBlocks, looked, evaluating } = this.#source;
    try {
      const images = inBlocks ? looked.now : await this.#read(pictures, pictures.images(moment.total));
      if (images === null) {
        this.#pictures = null;
        return;
      }
      const drawing = evaluating((features) => pictures.draw(moment, images, features));
      const drawn = await pictures.encode(drawing);
      if (drawn) this.#drawn.push(drawn);
    } catch (error) {
      // A method or an encoder of a plugin, say.
      this.#pictures = null;
      const why = error instanceof Error ? error.message : String(error);
      this.#complaint = `note: no pictures are drawn from step ${moment.step} on: ${why}`;
    }
  }

  /** Always the same ones; null where fewer than two can be read. */
  async #read(pictures: PicturesOverTimeWatch, count: number): Promise<HeldOut | null> {
    if (this.#pictured === undefined) {
      const { split, config, reader } = this.#source;
      const began = performance.now();
      const { size, seed } = config;
      const found = await readHeldOut(split, count, { size, seed, reader });
      this.#pictured = found && found.labels.length > 1 ? found : null;
      if (this.#pictured === null) found?.pixels.dispose();
      pictures.spend((performance.now() - began) / 1000);
    }
    return this.#pictured;
  }
}
