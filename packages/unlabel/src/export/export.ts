// `export`: a run's encoder as other programs read it, in a folder with a model card. What can be refused is refused before LibTorch is loaded.
import { join } from "node:path";
import { writeAtomically } from "../base/files.ts";
import type { Encoder } from "../encoders/encoder.ts";
import { openTrained } from "../eval/evaluate.ts";
import { readEvaluations } from "../run/read/evaluations.ts";
import { modelCard } from "./card.ts";
import { type ExportFacts, factsOf } from "./facts.ts";
import { checkFolder, type OutFile, type WrittenFile, writeFolder } from "./folder.ts";
import { formNotes, refuseFormless } from "./forms.ts";
import { samplesFor } from "./onnx/preprocess.ts";
import { checkOptions, type ExportOptions, type Target } from "./options.ts";

/** What was written. */
export interface Exported {
  /** The run directory. */
  run: string;
  /** For which program. */
  to: Target;
  /** The folder. */
  out: string;
  /** Its files but for export.json, which lists them too. */
  files: WrittenFile[];
  /** Edge in pixels of what the encoder sees. */
  size: number;
  /** The training step that the weights were saved after. */
  step: number;
  /** Decay of the momentum average that the weights are; null where they are those of that step. */
  weightsAverage: number | null;
  /** As the model card says it. */
  license: string;
  /** Where the program gives something else than `LoadedEncoder.encode`. */
  notes: string[];
}

/**
 * Writes the encoder of a run's newest whole checkpoint for another program: `onnx` (ONNX Runtime, browsers), `timm`, `transformers` (and
 * transformers.js) or `torchvision`. The folder is there as a whole, with a model card, or not at all.
 *
 * @param run a run directory
 * @throws {UsageError} for options that there are not, or an encoder that the program has not, naming one that has
 * @throws {UserError} where there is no checkpoint, or `out` holds other things
 */
export async function exportEncoder(run: string, options: ExportOptions): Promise<Exported> {
  checkOptions(options);
  const { to, out, force = false } = options;
  const directory = openTrained(run);
  const early = factsOf(directory, options);
  refuseFormless(early, to);
  checkFolder(out, force);
  const [{ trainedMethod }, { noGrad, scope, zeros }, { hasProcessor }] = await Promise.all([
    import("../eval/baselines.ts"),
    import("@unlabel/torch"),
    import("./weights/transformers.ts"),
  ]);
  const { method, step, weightsAverage } = trainedMethod(directory);
  try {
    const encoder = method.encoder.eval();
    const { size, input } = early;
    // One empty image tells the shapes.
    const shapes = noGrad(() =>
      scope(() => {
        const { tokens, grid } = encoder.tokens(zeros([1, input.channels, size, size]));
        return { dim: encoder.dim, width: tokens.shape[2]!, grid };
      }),
    );
    const facts: ExportFacts = { ...early, ...shapes, step, weightsAverage };
    const notes = formNotes(facts, to, hasProcessor(facts));
    const evaluations = await readEvaluations(join(directory.path, "eval"));
    const files = await filesFor(encoder, facts, options);
    const card = modelCard(facts, directory.info, evaluations, { to, notes, files: files.map(({ path }) => path) });
    const all: OutFile[] = [...files, { path: "README.md", write: (path) => writeAtomically(path, card) }];
    const { unlabel, license } = facts;
    const manifest = { unlabel, to, run: facts.run, step, size, license };
    const written = writeFolder(out, all, manifest);
    return { run, to, out, files: written, size, step, weightsAverage, license, notes };
  } finally {
    method.dispose();
  }
}

async function filesFor(encoder: Encoder, facts: ExportFacts, options: ExportOptions): Promise<OutFile[]> {
  switch (options.to) {
    case "onnx":
      return onnxFiles(encoder, facts, options);
    case "timm":
      return (await import("./weights/timm.ts")).timmFiles(encoder, facts);
    case "transformers":
      return (await import("./weights/transformers.ts")).transformersFiles(encoder, facts);
    case "torchvision":
      return (await import("./weights/torchvision.ts")).torchvisionFiles(encoder, facts);
  }
}

async function onnxFiles(
  encoder: Encoder,
  facts: ExportFacts,
  { precision = "fp32", preprocessing = "both", samples = samplesFor(facts.input) }: ExportOptions,
): Promise<OutFile[]> {
  const { onnxFile } = await import("./onnx/model.ts");
  const ending = precision === "fp32" ? "" : `_${precision}`;
  const file = (name: string, images: typeof samples | null): OutFile => ({
    path: `${name}${ending}.onnx`,
    write: (to) => writeAtomically(to, onnxFile(encoder, facts, { precision, images, outputs: "unlabel" })),
  });
  return [
    ...(preprocessing === "with" ? [] : [file("model", null)]),
    ...(preprocessing === "without" ? [] : [file("model_with_preprocessing", samples)]),
  ];
}
