// A labelling session as the page has it: the session, its file, its pictures and its words. Every answer is in the file before anybody is
// told that it was taken.
import { randomBytes } from "node:crypto";
import { unbroken } from "../base/signals.ts";
import { counted } from "../base/text.ts";
import type { Picture } from "./picture.ts";
import type { LabelSession } from "./session.ts";
import type { LabelState, Row } from "./state.ts";
import type { LabelStore } from "./store.ts";
import { detailOf, rowWords, verdictOf } from "./words.ts";

/** Keys for classes, without those that do something else. */
export const KEYS = [..."1234567890abcdefghijklmopqrtvwxyz"];

/** What {@link Labelling} is made of. */
export interface LabellingParts {
  title: string;
  session: LabelSession;
  /** What each image goes by. */
  names: readonly string[];
  store: LabelStore;
  picture: (image: number) => Promise<Picture>;
}

/** See the head of this file. */
export class Labelling {
  /** Of this session alone. */
  readonly id = randomBytes(9).toString("base64url");
  readonly title: string;
  readonly session: LabelSession;
  readonly #parts: LabellingParts;

  constructor(parts: LabellingParts) {
    this.#parts = parts;
    this.title = parts.title;
    this.session = parts.session;
  }

  /** How many runs are compared. */
  get runs(): number {
    return this.session.standing.runs.length;
  }

  /** How many images there are. */
  get count(): number {
    return this.session.count;
  }

  /** What the page shows. */
  get state(): LabelState {
    const { session } = this;
    const { answers, current, count, standing } = session;
    const skipped = answers.filter(({ label }) => label === null).length;
    const url = (image: number) => `/picture/${this.id}/${image}`;
    return {
      at: answers.length,
      images: count,
      current: current && { image: current.image, url: url(current.image), name: this.#parts.names[current.image]! },
      upcoming: session.upcoming.map(url),
      classes: session.classes.map(({ name, images }, i) => ({ name, key: KEYS[i] ?? null, images })),
      counts: `${answers.length - skipped} of ${count} labelled${skipped > 0 ? `, ${skipped} skipped` : ""}`,
      verdict: verdictOf(standing, count - answers.length),
      settled: standing.settled,
      detail: detailOf(standing),
      rows: this.#rows(),
    };
  }

  /** An image as people can see it. @throws {UserError} where it cannot be read, or leads out of DATA */
  picture(image: number): Promise<Picture> {
    return this.#parts.picture(image);
  }

  /** Takes an answer and keeps it. @param label null: skipped @throws {UserError} where it cannot be kept, and then it is not taken */
  answer(image: number, label: string | null): void {
    // The page shows another one.
    if (this.session.current?.image !== image) return;
    this.session.answer(label);
    try {
      this.#keep();
    } catch (error) {
      this.session.undo();
      throw error;
    }
  }

  /** Takes the last answer back. @throws {UserError} where that cannot be kept, and then it stands */
  undo(): void {
    const answer = this.session.undo();
    if (!answer) return;
    try {
      this.#keep();
    } catch (error) {
      this.session.answer(answer.label);
      throw error;
    }
  }

  /** One line for the end. */
  get summary(): string {
    const { answers, classes, standing, count } = this.session;
    const labelled = answers.filter(({ label }) => label !== null).length;
    const skipped = answers.length - labelled;
    const verdict = verdictOf(standing, count - answers.length);
    return `${counted(labelled, "label")} in ${classes.length === 1 ? "1 class" : `${classes.length} classes`}${skipped > 0 ? `, ${skipped} skipped` : ""}; ${verdict[0]!.toLowerCase()}${verdict.slice(1)}`;
  }

  /** Everything that was found, for programs. */
  get outcome(): object {
    const { answers, classes, standing, count } = this.session;
    const skipped = answers.filter(({ label }) => label === null).length;
    const { draws, runs, leader, rivals, settled, more } = standing;
    return {
      images: count,
      labelled: answers.length - skipped,
      skipped,
      counted: draws,
      classes: Object.fromEntries(classes.map(({ name, images }) => [name, images])),
      runs,
      leader,
      settled,
      more: more === null ? null : Math.min(2 * more, count - answers.length),
      rivals: rivals.map(({ more: own, ...rival }) => ({
        ...rival,
        more: own === null ? null : Math.min(2 * own, count - answers.length),
      })),
      verdict: verdictOf(standing, count - answers.length),
    };
  }

  #keep(): void {
    const { counted } = this.session;
    const rows = this.session.answers.map(({ image, label, draw }) => ({
      path: this.#parts.names[image]!,
      label,
      draw: draw === "coverage" && counted.has(image) ? ("both" as const) : draw,
    }));
    unbroken(() => this.#parts.store.save(rows));
  }

  /** Of two runs always the same way round, of more the leader to the right. */
  #rows(): Row[] {
    const { runs, rivals, leader } = this.session.standing;
    if (rivals.length === 0) return [];
    const isTurned = runs.length === 2 && rivals[0]!.name !== runs[0]!.name;
    const best = leader ?? runs.find(({ name }) => rivals.every((rival) => rival.name !== name))!.name;
    return rivals.map(({ name, mean, interval: [low, high] }) => {
      const turned = isTurned
        ? { left: best, right: name, mean: -mean, low: -high, high: -low }
        : { left: name, right: best, mean, low, high };
      return {
        ...turned,
        words: rowWords(turned.left, turned.right, { mean: turned.mean, interval: [turned.low, turned.high] }),
      };
    });
  }
}
