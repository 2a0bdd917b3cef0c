// Writes what the report may say of indicators without labels, from the rows of bench `indicators`: `npx tsx bench/write-trust.ts`.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { trustOf } from "./indicator-tables.ts";
import { measuredRows } from "./indicators.ts";

const file = join(import.meta.dirname, "../packages/unlabel/src/report/trust-table.ts");
writeFileSync(
  file,
  `// Written by \`npx tsx bench/write-trust.ts\` from bench/rows/indicators.jsonl; null until thirty checkpoints of three sets are there.
import type { Trust } from "./trust.ts";

/** What labelled sets said of indicators without labels. */
export const TRUST: Trust | null = ${JSON.stringify(trustOf(measuredRows()))};
`,
);
process.stdout.write(`wrote ${file}; format it with: npx biome check --write ${file}\n`);
