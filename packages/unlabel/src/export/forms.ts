// Which encoders have a form in which program, and what of ours gets lost there: refused or said, before anything is computed.
import { UsageError } from "../base/errors.ts";
import type { EarlyFacts } from "./facts.ts";
import type { Target } from "./options.ts";

/** @throws {UsageError} where a program has no such encoder */
export function refuseFormless({ family, stem, title }: EarlyFacts, to: Target): void {
  const refuse = (what: string, others: string) => {
    throw new UsageError(`Expected an encoder that ${to} has, got ${title} ${what}; use --to ${others}`);
  };
  if (family !== "resnet" && family !== "vit") {
    throw new UsageError(
      `Expected a ResNet or a ViT to export, got ${title}, which has no form for other programs yet`,
    );
  }
  if (family === "resnet" && stem === "3x3" && (to === "timm" || to === "transformers"))
    refuse(
      "with a 3×3 stem, which it has no name for",
      "onnx, or --to torchvision, whose model takes another first layer",
    );
  if (family !== "resnet" && to === "torchvision")
    refuse("under other names", "timm, whose names are these, or --to onnx");
}

/** What a reader of the folder should know: where a program gives something else than our features. */
export function formNotes({ family, input }: EarlyFacts, to: Target, processor: boolean): string[] {
  const notes: string[] = [];
  if (family === "vit" && to === "timm") {
    notes.push(
      "timm's features are the mean of the patch tokens: unlabel's are mean and maximum side by side, which timm has no name for; `forward_features` gives the tokens, and an ONNX file has both",
    );
  }
  if (family === "vit" && to === "transformers") {
    notes.push(
      "`pooler_output` is the class token: unlabel's features are mean and maximum of the patch tokens, `last_hidden_state[:, 1:]`; the ONNX files give them as `features`",
    );
  }
  if (to === "transformers" && !processor) {
    notes.push(
      `no preprocessor_config.json: image processors read RGB of 8 bits, and this run reads ${input.channels} channels${input.range ? " between values of its own" : ""}; \`--to onnx\` has the preprocessing in the graph`,
    );
  }
  return notes;
}
