// An encoder off the shelf, evaluated beside runs: by the same protocols on the same images, which are read as theirs are, and kept in a
// folder of its own that a report takes.
import { join } from "node:path";
import { UsageError } from "../base/errors.ts";
import { writeAtomically } from "../base/files.ts";
import { versionOfUnlabel } from "../base/version.ts";
import type { SavedHoldOut } from "../data/folder.ts";
import { holdOut } from "../data/hold-out.ts";
import { type Input, PHOTOGRAPHS } from "../data/input.ts";
import { openImages, openImagesAs } from "../data/open-images.ts";
import { SHELF, type ShelfFile } from "../run/read/shelf.ts";
import { evaluateOpened } from "./evaluate.ts";
import { type Evaluated, isRun, openEvaluated } from "./evaluated.ts";
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

/** @throws {UsageError} of a run; {UserError} as `openEvaluated` */
export async function openShelf(
  path: string,
  options: Pick<EvaluateOptions, "size" | "stream"> = {},
): Promise<Evaluated> {
  if (isRun(path)) {
    throw new UsageError(
      `Expected weights off the shelf (a file, a folder of timm's or transformers', hub:ORG/NAME), got the run ${path}; unlabel report sets runs beside each other`,
    );
  }
  return openEvaluated(path, () => shouldNotBe(path), options.size, options.stream);
}

function shouldNotBe(path: string): never {
  throw new Error(`Expected ${path} to be no run`);
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
  // With other channels it sees others of the images' bands, but the same tiles.
  const own = input && input.channels === channels;
  const data = own
    ? await openImagesAs(root, input)
    : await openImages(root, { channels, bands: null, range: "auto", tiles: input?.tiles ?? null }, 0);
  const kept = heldOut === null || heldOut === undefined ? undefined : holdOut(data, heldOut);
  const { fingerprint } = data;
  const reading = data.train.input ?? PHOTOGRAPHS;
  const one: Evaluated = {
    ...opened,
    input: reading,
    // So that the images that no run saw are looked at.
    info: { data: { fingerprint, root: data.root, ...(kept?.heldOut && heldOut && { held_out: heldOut }) } },
    notes: [...opened.notes, "nothing says which images these weights were trained on: they may have seen these"],
  };
  const { source } = opened;
  const file: ShelfFile = {
    schema: 1,
    name,
    source: { ...source! },
    encoder: opened.config.encoder,
    size: source!.preprocessing.size,
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
