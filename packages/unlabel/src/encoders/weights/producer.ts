// Who wrote a file, as its parts and names betray it; and what it is where it holds no encoder that is known here.
import type { Dialect } from "./dialects/dialect.ts";
import type { WeightsFile } from "./files/weights-file.ts";
import type { Hints } from "./found-architecture.ts";

type Names = readonly string[];

const has = (names: Names, pattern: RegExp) => names.some((name) => pattern.test(name));

/** The first that fits. */
const PRODUCERS: readonly (readonly [fits: (names: Names) => boolean, what: string])[] = [
  [
    (names) => has(names, /(^|\.)decoder_blocks\.0\./) && has(names, /(^|\.)mask_token$/),
    "MAE's checkpoint with decoder",
  ],
  [
    (names) => has(names, /^student\./) && has(names, /^teacher\./) && has(names, /^dino_loss\./),
    "DINO's full checkpoint",
  ],
  [(names) => has(names, /^student\./) && has(names, /^teacher\./), "a checkpoint with student and teacher"],
  [(names) => has(names, /^teacher\.backbone\./), "a teacher's checkpoint, as DINOv2's training writes it"],
  [(names) => has(names, /(^|\.)module\.base_encoder\./), "MoCo v3's checkpoint"],
  [(names) => has(names, /(^|\.)module\.encoder_q\./), "MoCo's checkpoint"],
  [(names) => has(names, /^state_dict_ema\./), "a training checkpoint of timm's, with averaged weights"],
  [(names) => has(names, /(^|\.)decoder\.decoder_layers\.0\./), "transformers' ViTMAE with decoder"],
  [isDinoV2, "DINOv2's backbone"],
];

/** MoCo v3's small ViT has as many heads as its base one (its paper's appendix). */
export function isMoCoV3(names: Names): boolean {
  return has(names, /(^|\.)module\.(base|momentum)_encoder\.patch_embed\./);
}

/**
 * How the program whose names these are makes positions for other images than those of the training, where that is not as timm does it:
 * transformers' ViT and DINOv2, and DINOv2's own code. Both change to timm's way where there are registers.
 */
export function interpolationOf(
  { family, whose }: Pick<Dialect, "family" | "whose">,
  names: Names,
): Hints["interpolation"] {
  if (family !== "vit" || has(names, /(^|\.)register_tokens$/)) return undefined;
  if (whose === "transformers") return "bicubic";
  return whose === "timm" && isDinoV2(names) ? "offset" : undefined;
}

function isDinoV2(names: Names): boolean {
  return has(names, /ls1\.gamma$/) && has(names, /(^|\.)mask_token$/);
}

/** In words; null where nothing betrays it. */
export function producerOf({ entries }: Pick<WeightsFile, "entries">): string | null {
  const names = entries.map(({ name }) => name);
  return PRODUCERS.find(([fits]) => fits(names))?.[1] ?? null;
}

/** Architectures that are known by sight and not read. */
const OTHERS: readonly (readonly [sign: RegExp, what: string])[] = [
  [/(^|\.)relative_position_bias_table$/, "a Swin or BEiT"],
  [/(^|\.)(dist_token|distillation_token)$/, "a DeiT with a distillation token"],
  [/(^|\.)(conv_stem\.weight|blocks\.0\.0\.(conv_dw|conv_pw)\.weight)$/, "an EfficientNet or MobileNet (timm)"],
  [/(^|\.)features\.\d+\.\d+\.block\.\d+\.\d+\.weight$/, "an EfficientNet (torchvision)"],
  [/(^|\.)features\.denseblock1\./, "a DenseNet"],
  [/(^|\.)conv1\.0\.weight$/, "a ResNet with a stem of three convolutions (timm's resnet…d)"],
  [/(^|\.)trunk_output\.|(^|\.)s1\.b1\.conv1\.conv\.weight$/, "a RegNet"],
  [/(^|\.)visual\.(conv1|transformer|trunk)\./, "a CLIP"],
  [/(^|\.)(text_model|vision_model)\.embeddings\./, "a CLIP or SigLIP (transformers)"],
  [/(^|\.)word_embeddings\.weight$|(^|\.)embed_tokens\.weight$|(^|\.)wte\.weight$/, "a language model"],
  [/(^|\.)features\.0\.weight$/, "a VGG or AlexNet"],
  [/(^|\.)Mixed_\d\w\./, "an Inception"],
  [/(^|\.)model\.0\.conv\.weight$/, "a YOLO"],
  [/(^|\.)(down|up|mid)_blocks?\./, "a U-Net"],
  [/(^|\.)stages\.\d\.blocks\.\d+\.mlp\.grn\./, "a ConvNeXt V2"],
  [/(^|\.)patch_embed\.proj\.weight$/, "a transformer of another kind than ViT"],
  [/(^|\.)layer1\.0\.conv1\.weight$/, "a ResNet of another kind"],
];

/** Of {@link OTHERS}, those that are told by what only they have. */
const SURE = /^an? (Swin or BEiT|ConvNeXt V2|EfficientNet|RegNet|CLIP|DeiT with a distillation token)/;

/** What it is where names of a known family come with those of another architecture; null where none is known. */
export function otherKind({ entries }: Pick<WeightsFile, "entries">): string | null {
  const names = entries.map(({ name }) => name);
  return OTHERS.find(([sign, what]) => SURE.test(what) && has(names, sign))?.[1] ?? null;
}

/** What holds no known encoder, in words. @param model what its config calls it */
export function whatElse({ entries, parts, metadata, inert, unread = [] }: WeightsFile, model: string | null): string {
  const names = entries.map(({ name }) => name);
  if (inert.includes("torch.storage._load_from_bytes")) {
    return "tensors that were pickled one by one, which are not read; save them together with torch.save";
  }
  if (unread.length > 0) return `tensors of ${unread.join(", ")}, which are not read; save them as float32 or bfloat16`;
  const isClassifier = has(names, /(^|\.)(classifier|fc|head|head\.fc)\.(\d+\.)?weight$/);
  const kind = isClassifier ? "a classifier" : "a model";
  if (model !== null) return `${kind}, ${model}`;
  if (names.length === 0) {
    const keys = [...new Set([...parts.map(({ key }) => key), ...Object.keys(metadata)])];
    return keys.length > 0 ? `an object without tensors (${keys.slice(0, 5).join(", ")})` : "an object without tensors";
  }
  const other = OTHERS.find(([sign]) => has(names, sign));
  if (other) return `${kind}, ${other[1]}`;
  return `${names.length} tensors of an unknown architecture (${names.slice(0, 3).join(", ")}, …)`;
}
