// Batches of augmented views for training, prepared while the step before runs. Images, crops and parameters depend only on
// (seed, epoch, position in the epoch): not on threads, timing, the number of ranks, or where a run was resumed.
import { performance } from "node:perf_hooks";
import { empty, keep, lend, type Tensor } from "@unlabel/torch";
import { UserError } from "../base/errors.ts";
import { wholeFromOne } from "../base/numbers.ts";
import { Rng, shuffle } from "../base/rng.ts";
import { counted } from "../base/text.ts";
import { ahead } from "./ahead.ts";
import { randomBox } from "./crop.ts";
import type { Split } from "./folder.ts";
import { imagesOf } from "./images.ts";
import { isOrdinary, PHOTOGRAPHS } from "./input.ts";
import { Marks } from "./marks.ts";
import { nameOf } from "./names.ts";
import { viewsOnDevice } from "./on-device.ts";
import { finishOf, paintValuesOf } from "./paint-values.ts";
import { drawParams, type ViewParams } from "./params.ts";
import { type Failure, ImageReader, type Size } from "./reader.ts";
import type { Part, Target } from "./targets.ts";
import { checkChannels, type ViewSpec } from "./views.ts";

/** One step's images. The tensors belong to whoever takes the batch: dispose of them after the step. */
export interface Batch {
  /** Counts from the start of training, beginning at 0. */
  step: number;
  /** The pass over the split that it belongs to, from 0. */
  epoch: number;
  /** For each ViewSpec float32 `[count · B, C, S, S]`, channels-last: all first views, then all second ones, and so on. */
  views: Tensor[];
  /** Which items of the split these are, `[B]`. */
  indices: Int32Array;
  /** How long the trainer waited for the pixels. */
  waitSeconds: number;
}

/** Options of a {@link Loader}. */
export interface LoaderOptions {
  /** Images a batch, on this rank. */
  batch: number;
  /** Decides the order, the crops and all that is drawn. */
  seed: number;
  /** Where the views are augmented and handed over. Default `"cpu"`. */
  device?: string;
  /** The number of this process among `world`, from 0; default 0. */
  rank?: number;
  /** Processes that share every batch; default 1. */
  world?: number;
  /** Reads the images; by default one of its own. */
  reader?: ImageReader;
  /**
   * The views of a step, counted from 0, where they are smaller at some: as many of each kind as in `views`, none larger. Asked when a
   * batch is prepared, up to four steps before it is handed out.
   */
  viewsAt?: (step: number) => readonly ViewSpec[];
  /** Called once for each image that cannot be read; another takes its place. */
  onSkip?: (skipped: { path: string; reason: string }) => void;
}

/** Batches prepared at once: the stages that one goes through (sizes, decoding of foreign formats, resizing) and one to spare; see ahead(). */
export const MAX_AHEAD = 4;
// What prepared batches may take together, as long as two fit.
const AHEAD_BYTES = 256e6;

// Images tried for one place of a batch; that so many fail while most are readable does not happen by chance.
const MAX_ATTEMPTS = 50;

/** What is left to do for one place of a batch. */
interface Slot {
  place: number;
  index: number;
  attempt: number;
}

interface Prepared {
  step: number;
  /** The step's views. */
  specs: readonly ViewSpec[];
  indices: Int32Array;
  /** A tensor a spec: painted views as a Batch has them, on the CPU, or bytes `[count · B, S, S, 3]` that the device will augment. */
  room: Tensor[];
}

/**
 * Endless batches of a split's images for a method's views; an incomplete last batch of an epoch is left out.
 *
 * @example for await (const { views } of loader.batches({ step: 0 })) { … }
 */
export class Loader {
  /** Whole batches of one pass over the split. */
  readonly stepsPerEpoch: number;
  readonly #split: Split;
  /** The largest views; those of a step are {@link #viewsAt}. */
  readonly #specs: readonly ViewSpec[];
  readonly #viewsAt: (step: number) => readonly ViewSpec[];
  readonly #options: Required<Omit<LoaderOptions, "reader" | "onSkip" | "viewsAt">> & Pick<LoaderOptions, "onSkip">;
  readonly #reader: ImageReader;
  readonly #unreadable = new Set<number>();
  readonly #readable: Marks;
  #order: { epoch: number; indices: Uint32Array } | null = null;

  /** Whether views are painted on this machine's processor: everywhere, unless a device can and they are 8-bit colour. */
  readonly #paints: boolean;

  /**
   * @throws {UserError} where `batch` is no whole number from 1, the split does not fill one batch, or views of other than three
   * channels are to be changed in colour
   */
  constructor(split: Split, views: readonly ViewSpec[], options: LoaderOptions) {
    const { batch, seed, device = "cpu", rank = 0, world = 1, reader = new ImageReader(), onSkip, viewsAt } = options;
    wholeFromOne("batch", batch);
    for (const view of views) checkChannels(view);
    this.#paints =
      device === "cpu" || !isOrdinary(split.input ?? PHOTOGRAPHS) || views.some(({ mean }) => mean.length !== 3);
    this.#split = split;
    this.#readable = new Marks(split.items.length);
    this.#specs = views;
    this.#viewsAt = viewsAt ?? (() => views);
    this.#options = { batch, seed, device, rank, world, onSkip };
    this.#reader = reader;
    this.stepsPerEpoch = Math.floor(split.items.length / (batch * world));
    if (this.stepsPerEpoch === 0) {
      const [ranks, found] = [world > 1 ? ` on each of ${world} ranks` : "", split.items.length];
      const most = Math.floor(found / world);
      throw new UserError(
        `Expected at least the ${counted(batch, "image")} of one batch${ranks} in ${split.root}, found ${found}; ${most > 1 ? `lower the batch: --set batch=${most}` : "add images"}`,
      );
    }
  }

  /**
   * Batches from a step (counted from the start of training) on, without end.
   *
   * @throws {UserError} (on iteration) where most images cannot be read
   */
  async *batches({ step = 0 }: { step?: number } = {}): AsyncGenerator<Batch, void, void> {
    const { batch } = this.#options;
    const values =
      this.#specs.reduce((sum, { count, size, mean }) => sum + count * size * size * mean.length, 0) * batch;
    const bytes = values * (this.#paints ? 4 : 1);
    const depth = Math.min(MAX_AHEAD, Math.max(2, Math.floor(AHEAD_BYTES / bytes)));
    const rooms = new Set<Tensor[]>();
    const prepared = ahead(this.#tasks(step, rooms), depth);
    try {
      for (let asked = performance.now(); ; asked = performance.now()) {
        const { value } = await prepared.next();
        if (!value) return;
        const waitSeconds = (performance.now() - asked) / 1000;
        const views = this.#views(value);
        rooms.delete(value.room);
        yield { step: value.step, epoch: this.#epochOf(value.step), views, indices: value.indices, waitSeconds };
      }
    } finally {
      await prepared.return();
      // What is still being written to stays in memory until that is done.
      for (const room of rooms) for (const tensor of room) tensor.dispose();
    }
  }

  *#tasks(from: number, rooms: Set<Tensor[]>): Generator<() => Promise<Prepared>, void, void> {
    for (let step = from; ; step++) yield () => this.#prepare(step, rooms);
  }

  #epochOf(step: number): number {
    return Math.floor(step / this.stepsPerEpoch);
  }

  /** Where a place of this rank's batch lies in the epoch. */
  #position(step: number, place: number): number {
    const { batch, rank, world } = this.#options;
    return ((step % this.stepsPerEpoch) * world + rank) * batch + place;
  }

  /** The views of a spec are numbered after those of the specs before it. */
  #firstView(spec: number): number {
    return this.#specs.slice(0, spec).reduce((sum, { count }) => sum + count, 0);
  }

  async #prepare(step: number, rooms: Set<Tensor[]>): Promise<Prepared> {
    const { batch } = this.#options;
    const epoch = this.#epochOf(step);
    if (this.#order?.epoch !== epoch) {
      const { seed } = this.#options;
      const indices = this.#split.order?.(seed, epoch) ?? shuffle(this.#split.items.length, seed, epoch);
      this.#order = { epoch, indices };
    }
    const { indices: order } = this.#order;
    const indices = new Int32Array(batch);
    // Asked once a step: planning anew changes nothing of what is under way.
    const specs = this.#viewsAt(step);
    const room = this.#room(specs);
    rooms.add(room);

    let slots = Array.from({ length: batch }, (_, place) => {
      return this.#readableFrom({ place, index: order[this.#position(step, place)]!, attempt: 0 }, step);
    });
    while (slots.length > 0) {
      const failed = await this.#fill(slots, step, specs, room);
      for (const { place, index } of slots) if (!failed.has(index)) indices[place] = index;
      slots = slots.filter(({ index }) => failed.has(index));
      const worn = slots.find(({ attempt }) => attempt >= MAX_ATTEMPTS);
      if (worn || slots.length > batch / 2) this.#refuseMostlyUnreadable(worn ?? slots[0]!, failed);
      slots = slots.map((slot) => this.#readableFrom(slot, step));
    }
    return { step, specs, indices, room };
  }

  #room(specs: readonly ViewSpec[]): Tensor[] {
    const { batch, device } = this.#options;
    // Memory that the operating system may move cannot be copied from while others go on.
    const pinMemory = device.startsWith("cuda");
    return specs.map(({ count, size, mean }) => {
      if (!this.#paints) return keep(empty([count * batch, size, size, 3], { dtype: "uint8", pinMemory }));
      const shape = [count * batch, mean.length, size, size];
      return keep(empty(shape, { dtype: "float32", memoryFormat: "channels_last", pinMemory }));
    });
  }

  /** Reads what the slots ask for; returns why which images could not be read. */
  async #fill(
    slots: readonly Slot[],
    step: number,
    specs: readonly ViewSpec[],
    room: readonly Tensor[],
  ): Promise<Map<number, string>> {
    const images = await imagesOf(
      this.#split,
      slots.map(({ index }) => this.#split.items[index]!),
    );
    const failed = new Map<number, string>();
    const note = (failures: readonly Failure[], of: readonly Slot[]) => {
      for (const { index, reason } of failures) failed.set(of[index]!.index, reason);
    };
    const { sizes, failures } = await this.#reader.sizes(images);
    note(failures, slots);
    const usable = slots.flatMap((slot, k) => (sizes[k] ? [{ slot, size: sizes[k], image: images[k]! }] : []));
    const items = usable.map(({ slot, size, image }) => ({
      image,
      parts: specs.map((spec, s) => this.#part(slot, size, spec, s, step)),
    }));
    note(
      await this.#reader.fill(items, this.#targets(specs, room)),
      usable.map(({ slot }) => slot),
    );
    for (const { index } of slots) {
      const reason = failed.get(index);
      if (reason === undefined) this.#readable.add(index);
      else if (!this.#unreadable.has(index)) {
        this.#unreadable.add(index);
        this.#readable.delete(index);
        this.#options.onSkip?.({ path: nameOf(this.#split.items[index]!), reason });
      }
    }
    return failed;
  }

  /** Where each spec's views go, and what they share. */
  #targets(specs: readonly ViewSpec[], room: readonly Tensor[]): Target[] {
    return specs.map((spec, s) => ({
      width: spec.size,
      height: spec.size,
      filter: spec.filter,
      channels: spec.mean.length,
      memory: () => lend(room[s]!),
      ...(this.#paints && { finish: finishOf(spec) }),
    }));
  }

  /** An image's views of a spec. */
  #part({ place }: Slot, { width, height }: Size, spec: ViewSpec, s: number, step: number): Part {
    const { batch, seed } = this.#options;
    const position = this.#position(step, place);
    const first = this.#firstView(s);
    const views = Array.from({ length: spec.count }, (_, view) => {
      return randomBox(width, height, spec, new Rng(seed, "crop", this.#epochOf(step), position, first + view));
    });
    const slots = views.map((_, view) => view * batch + place);
    if (!this.#paints) return { views, slots };
    const params = slots.map((slot) => this.#params(spec, s, step, slot));
    return { views, slots, paintValues: paintValuesOf(params, spec.colorForm, spec.mean.length) };
  }

  /** The slot itself, or with the next image drawn for its place that is not known to be unreadable, where one is found. */
  #readableFrom({ place, index, attempt }: Slot, step: number): Slot {
    while (attempt < MAX_ATTEMPTS && this.#unreadable.has(index)) {
      attempt++;
      const rng = new Rng(this.#options.seed, "replacement", this.#epochOf(step), this.#position(step, place), attempt);
      index = rng.below(this.#split.items.length);
    }
    return { place, index, attempt };
  }

  /** A few bad images are passed over; a folder of them, or one that vanished, is not what the user meant. */
  #refuseMostlyUnreadable({ index, attempt }: Slot, failed: ReadonlyMap<number, string>): void {
    const { root, items } = this.#split;
    const [bad, good] = [this.#unreadable.size, this.#readable.size];
    const mostly = bad > good && bad >= Math.min(8, items.length / 2);
    if (!mostly && attempt < MAX_ATTEMPTS) return;
    throw new UserError(
      `Expected readable images in ${root}, but ${bad} of the ${bad + good} tried cannot be read, ` +
        `such as ${nameOf(items[index]!)}: ${failed.get(index)}`,
    );
  }

  /** What happens to the view in a slot of a spec's tensor. */
  #params(spec: ViewSpec, s: number, step: number, slot: number): ViewParams {
    const { batch, seed } = this.#options;
    const position = this.#position(step, slot % batch);
    const view = this.#firstView(s) + Math.floor(slot / batch);
    return drawParams(spec, new Rng(seed, "augment", this.#epochOf(step), position, view));
  }

  #views({ step, specs, room }: Prepared): Tensor[] {
    const { batch, device } = this.#options;
    if (this.#paints && device === "cpu") return room;
    if (this.#paints) {
      return room.map((own) => {
        using painted = own;
        return painted.to({ device, nonBlocking: true });
      });
    }
    const params = specs.map((spec, s) =>
      Array.from({ length: spec.count * batch }, (_, slot) => this.#params(spec, s, step, slot)),
    );
    return viewsOnDevice(room, specs, params, device);
  }
}
