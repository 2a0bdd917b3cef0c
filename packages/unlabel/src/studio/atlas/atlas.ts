// What is asked of images and features, answered: runs, their images and features are opened once and kept while they are asked for. Lives
// in a process of its own (main.ts), since encoding takes minutes and LibTorch a gigabyte.
import type { Split } from "../../data/folder.ts";
import { ImageReader } from "../../data/reader.ts";
import { RunDirectory } from "../../run/directory.ts";
import { Checks } from "./checks.ts";
import type { Context } from "./context.ts";
import type { OpenedRun, RunFeatures, Tell } from "./features.ts";
import { checkRun, RunImages } from "./images.ts";
import type { LabelDesk } from "./label-desk.ts";
import { Recent } from "./recent.ts";
import type { Asked, Kind, Requests } from "./requests.ts";
import { uploaded } from "./upload.ts";

/** Runs whose images, weights and features are kept. */
const KEPT = { images: 6, opened: 3, features: 4 };
/** Images that one run searches. */
const MOST_SEARCHED = 1_000_000;

type Answers = { [K in Kind]: (ask: Requests[K]["ask"], context: Context) => Promise<Requests[K]["answer"]> };

/** See the head of this file. */
export class Atlas implements AsyncDisposable {
  readonly #roots: readonly string[];
  readonly #images = new Recent<Promise<RunImages>>(KEPT.images);
  readonly #opened = new Recent<Promise<OpenedRun>>(
    KEPT.opened,
    (one) =>
      void one.then(
        (run) => run[Symbol.dispose](),
        () => {},
      ),
  );
  readonly #features = new Recent<Promise<RunFeatures>>(
    KEPT.features,
    (one) =>
      void one.then(
        (found) => found[Symbol.dispose](),
        () => {},
      ),
  );
  readonly #checks: Checks;
  #desk: Promise<LabelDesk> | null = null;
  readonly #reader = new ImageReader({ cacheBytes: 0 });

  /** @param roots the folders given, without links: nothing outside is read */
  constructor(roots: readonly string[]) {
    this.#roots = roots;
    this.#checks = new Checks(roots);
  }

  readonly #answers: Answers = {
    map: async ({ dir }, { tell, signal }) => {
      const { drawMap } = await import("./map.ts");
      return this.#withRun(dir, tell, (opened) => drawMap(opened, tell, signal));
    },
    names: async ({ dir, images }) => (await this.#imagesOf(dir)).names(images),
    thumbnails: async ({ dir, images, edge }) => (await this.#imagesOf(dir)).thumbnails(images, edge),
    picture: async ({ dir, image }) => (await this.#imagesOf(dir)).picture(image),
    search: async ({ dir, asked, k }, context) => {
      const { searchIn } = await import("./search.ts");
      return this.#withRun(dir, context.tell, async (opened) => {
        const alone = await this.#alone(opened.images, asked);
        return this.#withFeatures(opened, context, (features) => searchIn(opened, features, alone, k));
      });
    },
    masked: async ({ dir, asked, hidden }, { tell }) => {
      const { fillIn } = await import("./masked.ts");
      return this.#withRun(dir, tell, async (opened) =>
        fillIn(opened, await this.#alone(opened.images, asked), hidden),
      );
    },
    check: ({ root }, context) => this.#checks.check(root, context),
    checkedThumbnails: ({ root, images, edge }) => this.#checks.thumbnails(root, images, edge),
    labelOpen: async (ask, context) => (await this.#labels()).open(ask, context),
    labelAct: async ({ id, at, image, label }) => (await this.#labels()).act(id, at, image, label),
    labelClose: async ({ id }) => {
      (await this.#labels()).closeOf(id);
      return null;
    },
    labelPicture: async ({ id, image }) => (await this.#labels()).picture(id, image),
  };

  /** Answers. @throws {UserError} where what is asked for is not there */
  answer<K extends Kind>(kind: K, ask: Requests[K]["ask"], context: Context): Promise<Requests[K]["answer"]> {
    return this.#answers[kind](ask, context);
  }

  #labels(): Promise<LabelDesk> {
    this.#desk ??= import("./label-desk.ts").then(({ LabelDesk: Desk }) => new Desk(this.#roots));
    return this.#desk;
  }

  /** By when a run began as well: another one at its place may be of other images. */
  async #imagesOf(dir: string): Promise<RunImages> {
    await checkRun(dir, this.#roots);
    const { created, data } = RunDirectory.open(dir).info;
    return this.#images.of(`${dir} ${created} ${data.fingerprint}`, () => RunImages.open(dir, this.#roots));
  }

  async #withRun<R>(dir: string, tell: Tell, work: (opened: OpenedRun) => Promise<R>): Promise<R> {
    const images = await this.#imagesOf(dir);
    const { openRun, stampOf } = await import("./features.ts");
    const open = async () => {
      tell("loading the encoder", null);
      return openRun(images);
    };
    return this.#opened.use(`${dir} ${stampOf(images)}`, open, work);
  }

  async #withFeatures<R>(
    opened: OpenedRun,
    { tell, signal }: Context,
    work: (features: RunFeatures) => Promise<R>,
  ): Promise<R> {
    const { featuresOf, stampOf } = await import("./features.ts");
    const key = `${opened.images.run.path} ${stampOf(opened.images)}`;
    return this.#features.use(key, () => featuresOf(opened, MOST_SEARCHED, tell, signal), work);
  }

  async #alone(images: RunImages, asked: Asked): Promise<Split> {
    if ("bytes" in asked) return uploaded(asked.bytes, images.data.train.input, this.#reader);
    const { split, item } = images.at(asked.image);
    return { ...split, items: [item] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#opened.clear();
    this.#features.clear();
    (await this.#desk)?.[Symbol.dispose]();
  }
}
