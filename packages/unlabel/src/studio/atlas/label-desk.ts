// `unlabel label` for the studio: sessions on files inside the folders given. Labels are all that the studio writes.
import { lstatSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../base/errors.ts";
import { openData } from "../../data/open.ts";
import type { Labelling } from "../../label/labelling.ts";
import { openLabelling } from "../../label/open-labelling.ts";
import type { Picture } from "../../label/picture.ts";
import { type LabelStore, openStore } from "../../label/store.ts";
import type { LabelTold } from "../messages/atlas.ts";
import type { Context } from "./context.ts";
import { checkRun } from "./images.ts";
import type { LabelAsk } from "./requests.ts";
import { checkedPlaceOf, imagesOutside, isWithin, realOf, within } from "./within.ts";

interface Desk {
  labelling: Labelling;
  store: LabelStore;
  ask: LabelAsk;
}

/** See the head of this file. */
export class LabelDesk implements Disposable {
  readonly #roots: readonly string[];
  /** One at a time: each holds the lock of its file. */
  #desk: Desk | null = null;
  #opening: Promise<unknown> = Promise.resolve();

  /** @param roots the folders given, without links */
  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  /** Opens a session, or tells of it where it is open. @throws {UserError} as {@link openLabelling}, and for what lies elsewhere */
  async open(ask: LabelAsk, { tell }: Context): Promise<LabelTold> {
    const before = this.#opening;
    let done = () => {};
    this.#opening = new Promise<void>((resolve) => {
      done = resolve;
    });
    await before;
    try {
      if (JSON.stringify(this.#desk?.ask) !== JSON.stringify(ask)) {
        const place = checkedPlaceOf(ask.root, this.#roots);
        const { out, outside } = within(await openData(place), this.#roots);
        if (out > 0) throw imagesOutside(out, outside, this.#roots);
        for (const dir of ask.dirs) await checkRun(dir, this.#roots);
        this.close();
        const store = openStore("-o", this.#fileOf(ask.file));
        try {
          const labelling = await openLabelling(place, store, {
            runs: ask.dirs,
            keep: false,
            stream: { write: () => true },
            onEncoded: (run, images, total) => tell(`encoding images with ${run}`, images / total),
          });
          this.#desk = { labelling, store, ask };
        } catch (error) {
          store[Symbol.dispose]();
          throw error;
        }
      }
      return this.#told(this.#desk!);
    } finally {
      done();
    }
  }

  /** Takes an answer, or the last one back, where the page is not behind. @returns the session as it is now, and whether that was done */
  act(id: string, at: number, image: number | null, label: string | null): LabelTold {
    const desk = this.#of(id);
    if (at !== desk.labelling.state.at) return this.#told(desk, false);
    if (image === null) desk.labelling.undo();
    else desk.labelling.answer(image, label);
    return this.#told(desk);
  }

  /** @throws {UserError} where it cannot be read */
  picture(id: string, image: number): Promise<Picture> {
    const { labelling } = this.#of(id);
    if (image >= labelling.count)
      throw new UserError(`Expected the number of an image, below ${labelling.count}, got ${image}`);
    return labelling.picture(image);
  }

  /** Ends that session, where it is open. */
  closeOf(id: string): void {
    if (this.#desk?.labelling.id === id) this.close();
  }

  /** Ends the session that is open. */
  close(): void {
    this.#desk?.store[Symbol.dispose]();
    this.#desk = null;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #of(id: string): Desk {
    if (this.#desk?.labelling.id === id) return this.#desk;
    throw new UserError("Expected the session that is open, got another; every label is kept: begin it again");
  }

  #told({ labelling, store }: Desk, taken = true): LabelTold {
    const { current, upcoming, ...state } = labelling.state;
    const number = (url: string) => Number(url.split("/").at(-1));
    return {
      ...state,
      id: labelling.id,
      title: labelling.title,
      file: store.file,
      runs: labelling.runs,
      current: current && { image: current.image, name: current.name },
      taken,
      upcoming: upcoming.map(number),
    };
  }

  /** A file that may be written: in a folder of those given, and no link. */
  #fileOf(file: string): string {
    const folder = realOf(dirname(file));
    if (folder === null || !isWithin(this.#roots, folder))
      throw new UserError(`Expected a file inside the folders given, got ${file}`);
    const place = join(folder, basename(file));
    if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new UserError(`Expected a file of its own for the labels, got a link in ${place}; name another`);
    return place;
  }
}
