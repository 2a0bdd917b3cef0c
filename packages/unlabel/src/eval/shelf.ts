// An encoder off the shelf, or of an earlier run, evaluated beside runs: by the same protocols on the same images, which are read as theirs
// are, and kept in a folder of its own that a report takes. Nothing is written into the earlier run.
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically } from "../base/files.ts";
import { versionOfUnlabel } from "../base/version.ts";
import type { Dataset, SavedHoldOut } from "../data/folder.ts";
import { holdOut } from "../data/hold-out.ts";
import { type Input, PHOTOGRAPHS } from "../data/input.ts";
import { openImagesAs } from "../data/open-images.ts";
import { described } from "../encoders/weights/index.ts";
import { stepOf } from "../run/checkpoint-files.ts";
import type { RunDirectory } from "../run/directory.ts";
import { inheritedLicence } from "../run/licence.ts";
import { openSource } from "../run/open-source.ts";
import { SHELF, type ShelfFile } from "../run/read/shelf.ts";
import { evaluateOpened, openImagesOf, openTrained } from "./evaluate.ts";
import { type Evaluated, openEvaluated, whatOf } from "./evaluated.ts";
import type { EvaluateOptions } from "./options.ts";

/** What it stands beside. */
export interface Beside {
  /** Where the images lie. */
  data: string;
  /** How runs read them; by default as the images themselves say. */
  input?: Input | undefined;
  /** Which of them runs were not trained on, where there are neither labels nor val. */
  heldOut?: SavedHoldOut | null | undefined;
}

/** @throws {UserError} as `openEvaluated` */
export async function openShelf(
  path: string,
  options: Pick<EvaluateOptions, "size" | "stream"> = {},
): Promise<Evaluated> {
  return openEvaluated(path, openTrained, options.size, options.stream);
}

/**
 * Evaluates it and writes encoder.json and eval/PROTOCOL.json into `folder`.
 *
 * @param name what people call it
 * @returns where it came from: of the hub with its commit
 */
export async function evaluateShelf(
  path: string,
  folder: string,
  name: string,
  { data: root, input, heldOut }: Beside,
  options: EvaluateOptions & { command?: string | undefined },
): Promise<string> {
  using opened = await openShelf(path, options);
  const { channels } = opened.config;
  const tiles = input?.tiles ?? null;
  // With other channels it sees others of the images' bands, and an earlier run those that it was trained on; but the same tiles.
  const alike = input && input.channels === channels ? input : null;
  const own = opened.input ? { ...opened.input, tiles } : alike;
  const data = own ? await openImagesAs(root, own) : await openImagesOf({ ...opened, input: null }, root, tiles);
  const kept = heldOut === null || heldOut === undefined ? undefined : holdOut(data, heldOut);
  const { fingerprint } = data;
  const reading = data.train.input ?? PHOTOGRAPHS;
  const one: Evaluated = {
    ...opened,
    input: reading,
    // So that the images that no run saw are looked at.
    info: { data: { fingerprint, root: data.root, ...(kept?.heldOut && heldOut && { held_out: heldOut }) } },
    notes: [...opened.notes],
  };
  const { run, source } = opened;
  const earlier = run ? await sourceOfRun(run, data, heldOut ?? null) : null;
  one.notes.push(
    earlier ? earlier.note : "nothing says which images these weights were trained on: they may have seen these",
  );
  const file: ShelfFile = {
    schema: 1,
    name,
    source: { ...(source ?? earlier!.source) },
    encoder: opened.config.encoder,
    size: options.size ?? opened.config.eval_size ?? opened.config.size,
    input: { ...reading },
    data: {
      root: data.root,
      layout: data.layout,
      fingerprint,
      train: data.train.items.length,
      val: data.val?.items.length ?? 0,
      classes: data.classes.map((one) => ({ ...one })),
    },
    created: new Date().toISOString(),
    versions: { unlabel: versionOfUnlabel(), node: process.versions.node },
    ...(options.command !== undefined && { command: options.command }),
  };
  await evaluateOpened(one, folder, root, options, () => {
    writeAtomically(join(folder, SHELF), `${JSON.stringify(file, null, 2)}\n`);
  });
  return opened.path;
}

/** Where an earlier run's encoder comes from, and what is known of the images that it was trained on. */
async function sourceOfRun(
  run: RunDirectory,
  data: Dataset,
  heldOut: SavedHoldOut | null,
): Promise<{ source: ShelfFile["source"]; note: string }> {
  const { path, info } = run;
  const weights = await openSource(path);
  weights.close();
  const { producer, architecture } = weights;
  const { fingerprint, root } = info.data;
  const sameImages = fingerprint === data.fingerprint || placed(root) === placed(data.root);
  const source = {
    ...{
      path,
      producer,
      encoder: architecture ? described(architecture) : info.config.encoder,
      licence: inheritedLicence(info),
    },
    run: {
      method: info.method,
      step: run.newestWeights(stepOf).step,
      began: whatOf(info.init),
      same_images: sameImages,
    },
  };
  const sawAll = heldOut !== null && JSON.stringify(info.data.held_out ?? null) !== JSON.stringify(heldOut);
  const images = sameImages ? `these images${sawAll ? ", those that no other run saw among them" : ""}` : root;
  return { source, note: `the encoder of an earlier run, ${producer}, trained on ${images}` };
}

/** A folder whatever links lead to it. */
function placed(root: string): string {
  try {
    return realpathSync(root);
  } catch {
    return root;
  }
}
