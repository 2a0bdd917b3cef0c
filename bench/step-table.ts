// npx tsx bench/step-table.ts: the tables of docs/scale.md that follow from the model alone: what the sum of gradients over ranks takes on
// several networks, and what large data sets ask for by the terms given as flags, which `npm run bench -- scale-ranks` measures.
import { parseArgs } from "node:util";
import { figure } from "./row.ts";
import { ring, stepSeconds } from "./step-model.ts";

/** Trained parameters of methods with their heads, from run.json of a run of one step each. */
const MODELS = [
  ["SimCLR, ResNet-18", 11.5e6],
  ["SimCLR, ResNet-50", 27.8e6],
  ["MAE, ViT-B/16", 111.7e6],
] as const;

/** What makers say of a link, one way; a tenth of a millisecond and less is what a message takes on it at least. */
const NETWORKS = [
  ["NVLink, 8 GPUs, 450 GB/s", 8, { hop: 5e-6, bytesPerSecond: 450e9 }],
  ["PCIe 4, 4 GPUs, 25 GB/s", 4, { hop: 1e-5, bytesPerSecond: 25e9 }],
  ["two machines, 100 Gb/s", 16, { hop: 3e-5, bytesPerSecond: 12.5e9 }],
  ["two machines, 10 Gb/s", 16, { hop: 5e-5, bytesPerSecond: 1.25e9 }],
] as const;

const { values } = parseArgs({
  options: {
    list: { type: "string", default: "10" },
    again: { type: "string", default: "5" },
    bytes: { type: "string", default: "300" },
    order: { type: "string", default: "0.1" },
    disk: { type: "string", default: "300" },
  },
});
const [list, again, bytes, order, disk] = [values.list, values.again, values.bytes, values.order, values.disk].map(
  Number,
) as [number, number, number, number, number];

const lines = (rows: string[][]) => {
  const [head = [], ...body] = rows;
  return [head, head.map((_, i) => (i === 0 ? "---" : "---:")), ...body]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
};

const network = MODELS.map(([name, parameters]) => [
  name,
  `${figure((4 * parameters) / 1e6)} MB`,
  ...NETWORKS.map(([, ranks, link]) => {
    const terms = { compute: 0, ranks, cores: ranks, bytes: 4 * parameters, network: ring(ranks, link) };
    return `${figure(1000 * stepSeconds(terms))} ms`;
  }),
]);
console.log(lines([["", "gradients", ...NETWORKS.map(([name]) => name)], ...network]));

const time = (seconds: number) =>
  seconds < 120
    ? `${figure(seconds)} s`
    : seconds < 7200
      ? `${figure(seconds / 60)} min`
      : `${figure(seconds / 3600)} h`;
const size = (count: number) => (count < 1e9 ? `${figure(count / 1e6)} MB` : `${figure(count / 1e9)} GB`);
const sets = [
  ["ImageNet-1k", 1_281_167],
  ["10 million", 1e7],
  ["100 million", 1e8],
] as const;
console.log(
  `\n${lines([
    [
      "",
      "listed first",
      "listed before",
      "list in memory, a rank",
      "as numbers",
      "order of an epoch",
      "of 110 kB each",
    ],
    ...sets.map(([name, count]) => [
      name,
      ...[time((list * count) / 1e6), time((again * count) / 1e6), size(bytes * count), size(20 * count)],
      ...[`${time((order * count) / 1e6)}, ${size(4 * count)}`, size(110_000 * count)],
    ]),
  ])}`,
);
console.log(
  `\n${lines([
    [
      "",
      "weights",
      "checkpoint, AdamW",
      `written and read back at ${disk} MB/s`,
      "a rank's weights, gradients, AdamW, buckets",
    ],
    ...MODELS.map(([name, parameters]) => [
      name,
      ...[size(4 * parameters), size(12 * parameters), time((12 * parameters) / 1e6 / disk), size(20 * parameters)],
    ]),
  ])}`,
);
