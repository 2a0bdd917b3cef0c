// What fixtures/weights.py wrote, and sources made of names and shapes with values by formula.
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { saveSafetensors, scope } from "@unlabel/torch";
import { openWeights, sourceOf, type WeightsAbout, type WeightsSource } from "../encoders/weights/open-weights.ts";
import { formulaWeights } from "./reference.ts";

/** Names of a program's model, and what it computes. */
export interface WeightsCase {
  /** Shapes by name. */
  names: Record<string, string>;
  heads?: number;
  config?: Record<string, unknown>;
  /** Of two images by formula. */
  features?: number[];
}

interface Fixture {
  cases: Record<string, WeightsCase>;
  transformers: Record<string, { version: string; cases: Record<string, WeightsCase> }>;
  /** Values of the tensors of dtypes.pth. */
  dtypes: Record<string, number[]>;
}

export const weightsFixture: Fixture = JSON.parse(
  readFileSync(new URL("../../../../fixtures/weights.json", import.meta.url), "utf8"),
);

/** A file of fixtures/weights. */
export const weightsFile = (name: string): string =>
  fileURLToPath(new URL(`../../../../fixtures/weights/${name}`, import.meta.url));

/** A case's shapes by name. */
export function shapesOf({ names }: Pick<WeightsCase, "names">): [name: string, shape: number[]][] {
  return Object.entries(names).map(([name, shape]) => [name, shape === "" ? [] : shape.split(",").map(Number)]);
}

/** A case without values, for what looks at names and shapes alone. */
export function sourceOfNames(one: WeightsCase, about: WeightsAbout = {}): WeightsSource {
  const entries = shapesOf(one).map(([name, shape]) => ({
    ...{ name, shape, dtype: "float32" as const },
    bytes: () => new Uint8Array(4 * shape.reduce((all, size) => all * size, 1)),
  }));
  const nothing = { metadata: {}, parts: [], inert: [], calls: [], notes: [] };
  return sourceOf({ ...nothing, path: "x.safetensors", format: "safetensors", entries, close: () => {} }, null, about);
}

/** A case as a file of safetensors with values by formula; whoever calls removes the folder. */
export async function sourceOfCase(
  one: WeightsCase,
  about: WeightsAbout = {},
): Promise<{ source: WeightsSource; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "unlabel-weights-"));
  const path = join(folder, "x.safetensors");
  scope(() => {
    const tensors = shapesOf(one).map(([name, shape]) => [name, formulaWeights(name, shape)] as const);
    saveSafetensors(path, Object.fromEntries(tensors));
  });
  return { source: await openWeights(path, about), folder };
}
