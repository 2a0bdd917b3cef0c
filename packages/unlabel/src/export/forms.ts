// Which encoders have a form in which program, and what of ours gets lost there: refused or said, before anything is computed.
import { UsageError } from "../base/errors.ts";
import type { ResNetDescription, VitDescription } from "../encoders/description.ts";
import { NORM_EPS } from "../encoders/variants.ts";
import type { EarlyFacts } from "./facts.ts";
import type { Target } from "./options.ts";

/** @throws {UsageError} where a program has no such encoder */
export function refuseFormless({ description, title }: EarlyFacts, to: Target): void {
  if (to === "onnx") return;
  const found = description.family === "convnext" ? null : formless(description, to);
  if (found === null) return;
  throw new UsageError(`Expected an encoder that ${to} has, got ${title} ${found[0]}; use --to ${found[1]}`);
}

type Formless = readonly [what: string, others: string] | null;

function formless(description: ResNetDescription | VitDescription, to: Exclude<Target, "onnx">): Formless {
  return description.family === "vit" ? formlessVit(description, to) : formlessResNet(description, to);
}

function formlessResNet({ stem, baseWidth = 64 }: ResNetDescription, to: Exclude<Target, "onnx">): Formless {
  if (to === "torchvision") return null;
  if (stem === "3x3") {
    return [
      "with a 3×3 stem, which it has no name for",
      "onnx, or --to torchvision, whose model takes another first layer",
    ];
  }
  // Its bottlenecks are a quarter of what they give, which wide ones' are not.
  const wide = to === "transformers" && baseWidth !== 64;
  return wide ? ["with wide bottlenecks, which it has no name for", "timm, or --to onnx"] : null;
}

/** timm has all of them. */
function formlessVit(vit: VitDescription, to: Exclude<Target, "onnx">): Formless {
  if (to === "timm") return null;
  const { classToken = true, registers = 0, pooledNorm = false, mlpRatio = 4, width } = vit;
  const others = "timm, or --to onnx";
  if (!classToken) return ["without a class token, which its ViTs always have", others];
  if (pooledNorm) return ["with a norm behind pooling, which its ViTs have before", others];
  if (to === "torchvision") return registers > 0 ? ["with registers, which its ViTs have not", others] : null;
  const whole = Number.isInteger(Math.round(mlpRatio * width) / width);
  return whole ? null : [`with MLPs of ${mlpRatio} widths, of which it takes whole numbers alone`, others];
}

/** What a reader of the folder should know: where a program gives something else than our features. */
export function formNotes({ description, input }: EarlyFacts, to: Target, processor: boolean): string[] {
  const notes = description.family === "vit" ? vitNotes(description, to) : [];
  const { normEps = NORM_EPS } = description.family === "resnet" ? {} : description;
  const fixed = to === "timm" || (to === "torchvision" && description.family === "convnext");
  if (fixed && normEps !== NORM_EPS) {
    notes.push(
      `${to}'s LayerNorms add ${NORM_EPS} to the variance, this encoder's ${description.family === "convnext" ? "last one " : ""}${normEps}: features differ in their last digits`,
    );
  }
  if (to === "transformers" && !processor) {
    notes.push(
      `no preprocessor_config.json: image processors read RGB of 8 bits, and this run reads ${input.channels} channels${input.range ? " between values of its own" : ""}; \`--to onnx\` has the preprocessing in the graph`,
    );
  }
  return notes;
}

const OURS = {
  mean_max: "mean and maximum of the patch tokens side by side",
  mean: "the mean of the patch tokens",
  class: "the class token",
  class_mean: "class token and mean of the patch tokens side by side",
} as const;

function vitNotes({ pooling = "mean_max", registers = 0 }: VitDescription, to: Target): string[] {
  const ours = OURS[pooling];
  const first = 1 + registers;
  if (to === "timm" && (pooling === "mean_max" || pooling === "class_mean")) {
    return [
      `timm's features are the mean of the patch tokens: unlabel's are ${ours}, which timm has no name for; \`forward_features\` gives the tokens, and an ONNX file has both`,
    ];
  }
  if (to === "transformers" && pooling !== "class") {
    return [
      `\`pooler_output\` is the class token: unlabel's features are ${ours}${pooling === "class_mean" ? "; patch tokens are" : ","} \`last_hidden_state[:, ${first}:]\`; the ONNX files give them as \`features\``,
    ];
  }
  if (to === "torchvision" && pooling !== "class") {
    return [
      `torchvision's model gives the class token: unlabel's features are ${ours}; the lines above make the patch tokens`,
    ];
  }
  return [];
}
