// The frozen encoder that a run learns from, where its method asks for one: opened and judged before LibTorch is loaded, by the same rules
// as weights to begin with; told from others by its checksum where a run goes on.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { UsageError, UserError } from "../base/errors.ts";
import { commandLine, shellWord } from "../base/shell.ts";
import { fitted } from "../config/channels.ts";
import { variantSchema } from "../config/common.ts";
import { IMAGENET } from "../config/defaults.ts";
import type { Sources } from "../config/resolve.ts";
import type { Settings } from "../config/settings.ts";
import { type EncoderConfig, isResNet, isVit, stemOf } from "../encoders/facts.ts";
import { described, type WeightsSource } from "../encoders/weights/index.ts";
import type { HubStream } from "../hub/progress.ts";
import { isHub } from "../hub/reference.ts";
import { methods } from "../methods/registry.ts";
import type { Teacher } from "../methods/shared/teacher.ts";
import { RunDirectory, type RunTeacher } from "../run/directory.ts";
import { inheritedLicence, isUnbound } from "../run/licence.ts";
import { openSource } from "../run/open-source.ts";
import { checksumOf, encoderOf } from "./init.ts";

/** A teacher whose weights are open. */
export interface OpenTeacher extends Disposable {
  /** Where it lies, whole. */
  path: string;
  source: WeightsSource;
  /** What it is. */
  encoder: EncoderConfig;
  /** What run.json keeps of it. */
  record: RunTeacher;
  /** What the config follows it in. */
  settings: Settings;
}

/** The run that goes on, as far as it concerns its teacher. */
interface Before {
  /** Its folder. */
  out: string;
  /** What it learnt from; absent in none but damaged ones. */
  teacher?: RunTeacher | undefined;
}

/**
 * Opens the teacher of settings whose method learns from one.
 *
 * @param options `before`: the run that goes on, whose teacher it has to be; `stream` takes lines on how far a download has come
 * @returns null where the method learns from none
 * @throws {UsageError} where none is named, or it is said to be another than it is
 * @throws {UserError} where no encoder that is known lies there, or not the one that the run began with
 */
export async function openTeacher(
  { file, flags }: Sources,
  methodOtherwise: string,
  { before = null, stream }: { before?: Before | null; stream?: HubStream | undefined } = {},
): Promise<OpenTeacher | null> {
  const given: Settings = { ...file?.settings, ...flags };
  const name = given.method ?? methodOtherwise;
  if (!methods().find(({ about }) => about.name === name)?.about.teacher) return null;
  if (typeof given.teacher !== "string" || given.teacher.trim() === "") {
    throw new UsageError(
      `Expected a teacher for ${name}: --teacher with a file of weights, a folder of timm's or transformers', a run, or hub:ORG/NAME`,
    );
  }
  const source = await opened(isHub(given.teacher) ? given.teacher : resolve(given.teacher), before, stream);
  // Of the hub with its commit, so that the run says which it was.
  const { path } = source;
  try {
    const found = encoderOf(source);
    const own = existsSync(join(path, "run.json")) ? RunDirectory.open(path).info : null;
    const variants: Readonly<Record<string, unknown>> = own ? { ...found, ...own.config } : { ...found };
    const kept = Object.keys(variantSchema).filter((key) => variants[key] !== undefined);
    // A run that goes on is taught as it began to be, whatever is known of the file by now.
    const usual = isVit(found.encoder) && !before ? variants.pooling : undefined;
    const pooling = given.teacher_pooling ?? usual ?? null;
    const encoder = {
      ...{ ...found, ...Object.fromEntries(kept.map((key) => [key, variants[key]])) },
      ...(pooling !== null ? { pooling } : before && { pooling: undefined }),
    } as EncoderConfig;
    const view = viewOf(source, found, given);
    const settings: Settings = {
      teacher_encoder: found.encoder,
      teacher_patch: isVit(found.encoder) ? found.patch : null,
      teacher_stem: isResNet(found.encoder) ? stemOf(found) : null,
      teacher_size: view.size,
      teacher_pooling: pooling,
    };
    for (const key of ["teacher_encoder", "teacher_patch", "teacher_stem"] as const)
      refuseOther(key, given[key], settings[key], path);
    const named = typeof given.teacher_license === "string" ? given.teacher_license : null;
    const record: RunTeacher = {
      ...{ source: path, producer: source.producer, encoder: described(source.state!.architecture) },
      ...{
        checksum: checksumOf(source),
        licence: named ?? source.licence ?? (own && inheritedLicence(own)),
        ...(own && isUnbound(own) && { unbound: true as const }),
      },
      ...{ view, notes: [...source.notes] },
    };
    if (before) refuseChanged(before, record);
    return { path, source, encoder, record, settings, [Symbol.dispose]: () => source.close() };
  } catch (error) {
    source.close();
    throw error;
  }
}

/** @throws {UserError} where it is gone */
async function opened(path: string, before: Before | null, stream?: HubStream): Promise<WeightsSource> {
  if (before && !isHub(path) && !existsSync(path)) {
    const known = before.teacher ? ` (${before.teacher.encoder})` : "";
    throw new UserError(
      `Expected the teacher that ${before.out} learns from${known} in ${path}, got nothing there; bring it back, or say where it lies now: ${again(before.out)}`,
    );
  }
  return openSource(path, { stream });
}

function refuseChanged({ out, teacher }: Before, now: RunTeacher): void {
  if (!teacher || teacher.checksum === now.checksum) return;
  throw new UserError(
    `Expected the weights that ${out} learns from in ${now.source} (${teacher.encoder}, checksum ${teacher.checksum.slice(0, 12)}), got others (${now.encoder}, ${now.checksum.slice(0, 12)}); bring them back, or say where they lie now: ${again(out)}`,
  );
}

const again = (out: string) => commandLine("pretrain", "--resume", "--out", shellWord(out), "--teacher", "PATH");

function refuseOther(key: string, given: unknown, found: unknown, path: string): void {
  if (given == null || given === found) return;
  throw new UsageError(
    `Expected ${key} ${String(found)}, as the teacher in ${path} has it, got ${String(given)}; leave ${key} out, it follows from the weights`,
  );
}

/** Size, mean and deviation: its own, else those that ImageNet's models have. */
function viewOf({ preprocessing }: WeightsSource, found: EncoderConfig, given: Settings): RunTeacher["view"] {
  const channels = typeof found.channels === "number" ? found.channels : 3;
  const own = preprocessing !== null && preprocessing.mean.length === channels && preprocessing.std.length === channels;
  const { mean, std } = own ? preprocessing : IMAGENET;
  const size = typeof given.teacher_size === "number" ? given.teacher_size : (preprocessing?.size ?? found.size);
  return { size, mean: fitted([...mean], channels), std: fitted([...std], channels), own };
}

/** The teacher itself, with its weights, where it is to teach. LibTorch's generator is left as it was. */
export async function loadTeacher(
  { encoder: config, source, record }: Omit<OpenTeacher, "path">,
  device: string,
): Promise<Teacher> {
  const [{ createEncoder }, { loadWeights }, { getRngState, setRngState }, { Teacher }] = await Promise.all([
    import("../encoders/index.ts"),
    import("../encoders/weights/index.ts"),
    import("@unlabel/torch"),
    import("../methods/shared/teacher.ts"),
  ]);
  const state = getRngState();
  try {
    const encoder = createEncoder({ ...config, drop_path: 0 });
    loadWeights(encoder, source);
    return new Teacher(encoder, record.view).to(device);
  } finally {
    setRngState(state);
    state.dispose();
  }
}

/**
 * @param channels of the images
 * @throws {UsageError} where the teacher sees other channels than images have
 */
export function refuseChannels(teacher: RunTeacher, channels: number, bands: readonly number[] | null): void {
  const own = teacher.view.mean.length;
  const seen = bands?.length ?? channels;
  if (seen === own) return;
  const example =
    channels === 1 ? Array(own).fill(1) : Array.from({ length: own }, (_, i) => Math.min(i + 1, channels));
  throw new UsageError(
    `Expected images of ${own} channels, as the teacher in ${teacher.source} sees, got ${seen}; say which it sees, such as --set teacher_bands=${example.join(",")}`,
  );
}

/** The lines that tell what a run learns from. */
export function teacherLines({ source, producer, encoder, view, licence, notes }: RunTeacher): string[] {
  const { size, mean, std, own } = view;
  const round = (list: readonly number[]) => list.map((one) => Number(one.toPrecision(4))).join(", ");
  return [
    `learns from ${source}: ${producer ? `${producer}, ` : ""}${encoder}`,
    [
      `it sees ${size} px, mean ${round(mean)}, std ${round(std)}${own ? "" : ", ImageNet's, since nothing beside the weights says its own"}`,
      ...notes,
      licence === null ? "licence unknown; --set teacher_license=… names it" : `licence ${licence}`,
    ].join("; "),
  ];
}
