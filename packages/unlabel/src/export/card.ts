// The model card of an exported encoder, README.md: what it was trained on and how, what it scored, its licence, and how it is used. Made
// from the run alone.
import { count, percent, significant } from "../page/format.ts";
import type { RunInfo, RunTeacher } from "../run/info.ts";
import type { Evaluations } from "../run/read/evaluations.ts";
import type { ExportFacts } from "./facts.ts";
import type { Target } from "./options.ts";
import { usage } from "./usage.ts";

/** What of the export the card tells. */
export interface CardOptions {
  to: Target;
  /** Where the program gives something else than unlabel's features. */
  notes: readonly string[];
  /** Of the folder. */
  files: readonly string[];
}

/** Markdown, with the block of metadata that the hub reads. */
export function modelCard(facts: ExportFacts, info: RunInfo, evaluations: Evaluations, options: CardOptions): string {
  const { to, notes, files } = options;
  const { title, method, license, dim, unlabel } = facts;
  const paper = method.paper ? ` ([${method.paper}](https://arxiv.org/abs/${method.paper.replace("arXiv:", "")}))` : "";
  const sections = [
    frontMatter(facts, to),
    `# ${title} by ${method.title}\n\n${title}, trained without labels by ${method.title}${paper}: an image in, ${dim} numbers out. Written by unlabel ${unlabel} for ${PROGRAMS[to]}.`,
    `## How to use it\n\n${usage(facts, to, files)}${notes.map((note) => `\n- ${sentence(note)}`).join("")}`,
    `## What it sees\n\n${seen(facts)}`,
    `## How it was trained\n\n${training(facts, info)}`,
    `## How good it is\n\n${scores(evaluations, facts.step)}`,
    `## Licence\n\n${licence(license, info)}`,
  ];
  return `${sections.map((section) => section.trimEnd()).join("\n\n")}\n`;
}

const PROGRAMS: Readonly<Record<Target, string>> = {
  onnx: "ONNX Runtime, in any language and in browsers",
  timm: "timm",
  transformers: "transformers and transformers.js",
  torchvision: "torchvision",
};

/** With those of what it began with and was taught by. */
function licence(own: string, { init, teacher }: RunInfo): string {
  const said = own === "unknown" ? "Unknown: whoever trained it has not said. It depends on the images, too." : own;
  const sources = [
    ...(init ? [["It began with", init] as const] : []),
    ...(teacher ? [["It was taught by", teacher] as const] : []),
  ];
  const lines = sources.map(
    ([what, { producer, source, licence }]) =>
      `${what} ${cell(producer ?? lastPart(source))}, whose licence is ${licence === null ? "unknown" : cell(licence)}.`,
  );
  return [said, ...lines].join("\n\n");
}

function frontMatter({ license, method, architecture }: ExportFacts, to: Target): string {
  const library = { onnx: "onnx", timm: "timm", transformers: "transformers", torchvision: "pytorch" }[to];
  const tags = ["image-feature-extraction", "self-supervised-learning", "unlabel", architecture, method.name];
  return [
    "---",
    `license: ${license}`,
    `library_name: ${library}`,
    "pipeline_tag: image-feature-extraction",
    "tags:",
    ...tags.map((tag) => `- ${tag}`),
    "---",
  ].join("\n");
}

function seen({ input, size, mean, std, grid, width, dim }: ExportFacts): string {
  const list = (numbers: readonly number[]) => numbers.map((one) => significant(one, 4)).join(", ");
  const rows: [string, string][] = [
    ["Channels", `${input.channels}${input.bands ? `: bands ${input.bands.join(", ")} of a file` : ""}`],
    [
      "Black and white",
      input.range
        ? input.range.map(([low, high]) => `${significant(low, 6)} … ${significant(high, 6)}`).join("; ")
        : "0 … 255",
    ],
    [
      "Size",
      `${size} × ${size}: the short side is resized (bilinear, antialiased as Pillow's), the central square kept`,
    ],
    ["Mean, of values in [0, 1]", list(mean)],
    ["Deviation", list(std)],
    ["Features", `${dim} numbers an image`],
    ["Tokens", `${grid.join(" × ")} of ${width} numbers`],
  ];
  return table(["", ""], rows);
}

/** The settings that say most; all of them stand in the run's own run.json. */
const SETTINGS = ["preset", "encoder", "size", "patch", "stem", "epochs", "steps", "batch", "optimizer", "lr"] as const;

function training(
  { method, weightsAverage, step, family }: ExportFacts,
  { config, data, result, created, versions, init, teacher }: RunInfo,
) {
  const from = ({ producer, source, encoder }: Pick<RunTeacher, "producer" | "source" | "encoder">) =>
    cell(`${producer ?? lastPart(source)}: ${encoder}`);
  const chosen: Readonly<Record<string, unknown>> = config;
  const rows: [string, string][] = [
    ["Method", method.title],
    ...(init ? [["Began with", from(init)] as [string, string]] : []),
    ...(teacher ? [["Taught by", from(teacher)] as [string, string]] : []),
    [
      "Images",
      `${count(data.train)} of ${cell(lastPart(data.root))} (${data.layout}), fingerprint ${data.fingerprint}`,
    ],
    ...(data.understood ?? []).map((line): [string, string] => [
      "",
      cell(line.replaceAll(data.root, () => lastPart(data.root))),
    ]),
    ...SETTINGS.filter((key) => chosen[key] != null && key !== (family === "vit" ? "stem" : "patch")).map(
      (key): [string, string] => [`\`${key}\``, cell(String(chosen[key]))],
    ),
    [
      "Weights",
      weightsAverage === null
        ? `of step ${count(step)}`
        : `averaged over steps up to ${count(step)} (decay ${weightsAverage})`,
    ],
    ...(result
      ? [
          ["Epochs done", significant(result.epochs)] as [string, string],
          ["Loss, first and last", `${significant(result.loss_first)}, ${significant(result.loss_last)}`] as [
            string,
            string,
          ],
        ]
      : []),
    ["Begun", created],
    ["unlabel, LibTorch", `${versions.unlabel}, ${versions.libtorch}`],
  ];
  return table(["", ""], rows);
}

const PROTOCOLS: Readonly<Record<string, string>> = {
  linear: "linear probe",
  knn: "k nearest neighbours",
  "fine-tune": "fine-tuned",
  supervised: "supervised from scratch",
};

/** With 95 % intervals, beside the untrained encoder. */
function scores({ scored, retrieval }: Evaluations, step: number): string {
  const range = (interval?: readonly [number, number] | null) =>
    interval ? ` (${percent(interval[0])} to ${percent(interval[1])})` : "";
  const rows = [...scored.values()].map((found): string[] => [
    `${PROTOCOLS[found.protocol] ?? found.protocol}, top-1`,
    `${percent(found.top1)}${range(found.interval?.top1)}`,
    found.untrained ? `${percent(found.untrained.top1)}${range(found.untrained.interval?.top1)}` : "–",
    `${count(found.val_images)}, ${found.classes.length} classes`,
    found.step === step || found.step == null ? "" : `at step ${count(found.step)}, not at these weights`,
  ]);
  if (retrieval) {
    const first = (recall?: Readonly<Record<string, number>> | null) => percent(recall?.["1"]);
    rows.push([
      "nearest image of the same class",
      first(retrieval.recall),
      first(retrieval.untrained),
      count(retrieval.val_images),
      "",
    ]);
  }
  if (rows.length === 0)
    return "It was not evaluated. `unlabel evaluate RUN --data DATA` does, and another export tells.";
  const head = ["", "this encoder (95 % interval)", "before training", "test images", ""];
  return `${table(head, rows)}\n\nClassifiers are fitted on frozen features of training images, and scored once on test images.`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** A stranger's text in a table. */
function cell(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, " ")
    .replaceAll("|", "\\|")
    .replaceAll("<", "&lt;");
}

/** Where images lay is nobody's business; what the folder is called is. */
function lastPart(root: string): string {
  return root.split(/[\\/]/).filter(Boolean).at(-1) ?? root;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
