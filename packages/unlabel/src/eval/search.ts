// `search`: the images of a source that lie nearest to one image among a run's features.
import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { UserError } from "../base/errors.ts";
import type { Split } from "../data/folder.ts";
import { nameOf } from "../data/names.ts";
import { tellUnderstood } from "../data/understood.ts";
import { checkOptions } from "./check-options.ts";
import { openImagesOf, openTrained, sizeFor } from "./evaluate.ts";
import { type EncoderSource, openEvaluated, tellNotes } from "./evaluated.ts";
import type { MachineOptions } from "./session.ts";

/** Options of {@link search}. */
export interface SearchOptions extends MachineOptions {
  /** How many to find, from 1; default 10. */
  k?: number | undefined;
  /** Edge of the images in pixels; default as for evaluation. */
  size?: number | undefined;
  /** Edge of thumbnails to bring along, or none. */
  thumbnails?: number | undefined;
}

/** An image that was found. */
export interface Found {
  /** Relative to the source's root; of a tile with its left and upper edge in pixels, `scene.tif#512,0`. */
  path: string;
  /** Where it belongs. */
  split: "train" | "val";
  /** Its class's name, where it has one. */
  class: string | null;
  /** Cosine, in [−1, 1]. */
  similarity: number;
}

/** What a search found. */
export interface SearchResult {
  /** The image that was searched with. */
  query: string;
  /** Where it was searched. */
  data: string;
  /** Nearest first. */
  found: Found[];
  /** How many images were searched. */
  images: number;
  /** Images that could not be read. */
  skipped: number;
  /** The training step that the encoder was saved after. */
  step: number;
  /** Decay of the momentum average that its weights are; null where they are those of that step. */
  weights_average: number | null;
  /** Edge in pixels at which images were encoded. */
  size: number;
  /** Where an encoder off the shelf comes from, whose features are not kept; absent of a run's. */
  source?: EncoderSource;
  /** Whether their features were in the run directory already. */
  cached: boolean;
  /** From the call on. */
  seconds: number;
  /** JPEGs of the query and of what was found, where asked for. */
  thumbnails: Uint8Array[];
}

/**
 * Looks for the images nearest to `image` by cosine similarity. The source's features are kept in the run directory, so that the
 * next search encodes one image.
 *
 * @throws {UsageError} for an option out of its range
 * @throws {UserError} where there is no checkpoint, or the image or the source cannot be read
 */
export async function search(
  path: string,
  image: string,
  dataRoot: string,
  options: SearchOptions = {},
): Promise<SearchResult> {
  const began = performance.now();
  checkOptions(options, { k: options.k, thumbnails: options.thumbnails });
  using one = await openEvaluated(path, openTrained, options.size, options.stream);
  const { run } = one;
  const size = sizeFor(one.config, options.size);
  if (!existsSync(image)) throw new UserError(`Expected an image to search with, got ${image}, which does not exist`);
  const data = await openImagesOf(one, dataRoot);
  tellUnderstood(data, options.stream ?? process.stderr);
  tellNotes(one, options.stream);
  const [
    { trainedOf },
    { encodeCached, encodeData },
    { extract, frozen },
    { nearest },
    { jpegsOf },
    { settleMachine },
  ] = await Promise.all([
    import("./baselines.ts"),
    import("./encode-data.ts"),
    import("./features.ts"),
    import("../score/knn.ts"),
    import("./thumbnails.ts"),
    import("./session.ts"),
  ]);
  const machine = settleMachine(options);
  const view = { size, mean: one.config.mean, std: one.config.std, ...one.resize };
  const trained = trainedOf(one);
  const { encoder } = trained.method;
  encoder.eval();
  encoder.to({ device: machine.device, memoryFormat: "channels_last" });
  const { input } = data.train;
  const alone: Split = { name: "val", root: dirname(image), items: [{ path: basename(image), label: -1 }], input };
  const how = {
    ...machine,
    view,
    batch: 1,
    onSkip: ({ reason }: { reason: string }) => {
      throw new UserError(`Expected an image to search with, got ${image}: ${reason}`);
    },
  };
  const asked = await frozen(encoder, (fast) => extract(alone, { own: (images) => fast.features(images) }, how), how);
  const { features, rows, skipped, cached } = run
    ? await encodeCached(run, trained, data, view, options)
    : await encodeData(trained.method, data, view, options);
  trained.method.dispose();
  using query = asked.features.own.x.to({ device: "cpu" });
  const { indices, similarities } = nearest(features, query, options.k ?? 10);
  features.dispose();
  asked.features.own.x.dispose();
  const hits = Array.from(indices, (n) => rows[n]!);
  const edge = options.thumbnails;
  const thumbnails =
    edge === undefined ? [] : await jpegsOf([{ split: alone, item: alone.items[0]! }, ...hits], edge, machine.reader);
  return {
    query: image,
    data: data.root,
    found: hits.map(({ split, item }, j) => ({
      path: nameOf(item),
      split: split.name,
      class: data.classes[item.label]?.name ?? null,
      similarity: similarities[j]!,
    })),
    images: rows.length,
    skipped,
    step: trained.step,
    weights_average: trained.weightsAverage,
    size,
    ...(one.source && { source: one.source }),
    cached,
    seconds: (performance.now() - began) / 1000,
    thumbnails,
  };
}
