// The pages of docs/api: one a room of the library, one for the engine and one for each of its namespaces.

/** A page and what stands at its head. */
export interface Page {
  /** Path below docs/api, without its ending. */
  name: string;
  about: string;
}

const ROOMS: Readonly<Record<string, string>> = {
  base: "Errors, images as they are handed in, and draws that repeat.",
  check: "What `unlabel data check` finds in images before hours are spent on them.",
  compare: "Several methods under one budget on the same images, and a report of what came of it.",
  config:
    "Settings: from presets, files and flags to what a method is built of, and the fields of a method's own keys.",
  data: "From a folder, archive or table of images to batches: opening, reading, augmenting.",
  encoders: "ResNets and vision transformers, by torchvision's and timm's names.",
  eval: "What a trained encoder is worth, and what can be done with it: scores, features, search.",
  export: "A trained encoder for other programs: ONNX Runtime, timm, transformers, torchvision.",
  hub: "Models of the Hugging Face hub.",
  methods: "The methods, and what methods of one's own are made of: `defineMethod`, heads, losses, schedules.",
  report: "The page about runs, and the numbers on it.",
  run: "The run directory: what pretraining and evaluation leave there.",
  score: "Measures on plain arrays and tensors: neighbours, accuracy, spread.",
  train: "Pretraining.",
};

const ENGINE: Readonly<Record<string, string>> = {
  torch:
    "Tensors, autograd, lifetimes, files and the process. What LibTorch itself computes, as methods of `Tensor` and as functions, is listed under torch/operators.",
  "torch/nn": '`import { nn } from "@unlabel/torch"`: modules as PyTorch has them.',
  "torch/nn/init": "`nn.init`: initialisers, each with PyTorch's numbers.",
  "torch/optim": '`import { optim } from "@unlabel/torch"`: optimizers and what belongs to them.',
  "torch/optim/schedule": "`optim.schedule`: learning rates as pure functions of the step.",
};

/** The pages in the order in which the index lists them. */
export const PAGES: readonly Page[] = [
  ...Object.entries(ROOMS).map(([room, about]) => ({ name: `unlabel/${room}`, about })),
  ...Object.entries(ENGINE).map(([name, about]) => ({ name, about })),
];

/** Types that exports' signatures name and that nobody needs: worked out from code, or asked for by constructors and constraints. */
export const UNNAMED: Readonly<Record<string, readonly string[]>> = {
  unlabel: [
    "config/common.ts:commonSchema",
    "config/common.ts:variantSchema",
    "encoders/macs.ts:Macs",
    "eval/load-encoder.ts:Parts",
    "methods/shared/momentum.ts:AnyModule",
    "report/confused.ts:Confused",
    "report/data.ts:build",
    "report/intervals.ts:Interval",
  ],
  "@unlabel/torch": ["handle.ts:TensorHandle"],
};

/** The page that an export of a package belongs to, by the file that declares it, relative to the package's sources. */
export function pageOf(library: "unlabel" | "torch", file: string): string {
  const name = library === "torch" ? "torch" : `unlabel/${file.split("/")[0]}`;
  if (!PAGES.some((page) => page.name === name))
    throw new Error(`Expected a page for ${name}, where ${file} belongs; add a line about it to scripts/api/pages.ts`);
  return name;
}
