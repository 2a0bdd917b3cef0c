// Small pictures of a run's images, asked for in sheets of many, and kept while they are looked at.
import { post } from "../app/api.ts";

/** A picture in a sheet. */
export interface Thumbnail {
  sheet: HTMLImageElement;
  left: number;
  top: number;
  edge: number;
}

/** Pictures in a sheet, and in a row of it, as the server has them. */
const IN_SHEET = 100;
const COLUMNS = 10;
/** Sheets that are kept. */
const MOST = 30;

/** Pictures of one run. */
export class Thumbnails {
  readonly #path: string;
  readonly #edge: number;
  readonly #onLoad: () => void;
  readonly #known = new Map<number, Thumbnail | null>();
  readonly #sheets: number[][] = [];

  /** @param onLoad called when there are new ones */
  constructor(run: string, edge: number, onLoad: () => void) {
    [this.#path, this.#edge, this.#onLoad] = [`/api/images/${run}/sheet?edge=${edge}&images=`, edge, onLoad];
  }

  /** An image's, where it is there. */
  of(image: number): Thumbnail | null {
    return this.#known.get(image) ?? null;
  }

  /** Asks for those that are not there; of more than a sheet holds the first. */
  ask(images: readonly number[]): void {
    const missing = images.filter((image) => !this.#known.has(image)).slice(0, IN_SHEET);
    if (missing.length === 0) return;
    for (const image of missing) this.#known.set(image, null);
    this.#sheets.push(missing);
    while (this.#sheets.length > MOST) for (const old of this.#sheets.shift()!) this.#known.delete(old);
    const sheet = new Image();
    sheet.decoding = "async";
    const edge = this.#edge;
    sheet.addEventListener("load", () => {
      for (const [at, image] of missing.entries()) {
        const place = { left: (at % COLUMNS) * edge, top: Math.floor(at / COLUMNS) * edge };
        this.#known.set(image, { sheet, ...place, edge });
      }
      this.#onLoad();
    });
    // They are asked for again when they are needed again.
    sheet.addEventListener("error", () => {
      for (const image of missing) this.#known.delete(image);
    });
    sheet.src = this.#path + missing.join(",");
  }
}

/** What images are called. */
export async function namesOf(
  run: string,
  images: readonly number[],
): Promise<{ path: string; split: string; class: string | null }[]> {
  return (
    await post<{ names: { path: string; split: string; class: string | null }[] }>(`/api/images/${run}/names`, {
      images,
    })
  ).names;
}
