// Whether TensorBoard's own reader finds in a run's event files what its metrics.jsonl has: also after the run went on, with what came after its
// checkpoint void.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { RunDirectory } from "../packages/unlabel/src/run/directory.ts";
import type { Python } from "./environment.ts";

interface Found {
  scalars: Record<string, [step: number, value: number][]>;
  images: Record<string, [width: number, height: number]>;
  config: string;
}

/** A line for each difference. */
export function eventsBesideMetrics(run: string, { program, env }: Python): string[] {
  const script = join(import.meta.dirname, "events.py");
  const found = JSON.parse(
    execFileSync(program, [script, join(run, "tensorboard")], {
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }),
  ) as Found;
  const expected = new Map<string, [number, number][]>();
  for (const { step, epoch: _, seconds: __, ...named } of RunDirectory.open(run).rows()) {
    for (const [name, value] of Object.entries(named)) {
      expected.set(name, [...(expected.get(name) ?? []), [step, Math.fround(value)]]);
    }
  }
  const differences = [...expected].flatMap(([name, rows]) => {
    const got = JSON.stringify(found.scalars[name] ?? null);
    return got === JSON.stringify(rows) ? [] : [`${name}: expected ${JSON.stringify(rows)}, got ${got}`];
  });
  const { method, size } = RunDirectory.open(run).info.config;
  const picture = found.images[`${method}/1/reconstructed`];
  if (picture?.[0] !== size) differences.push(`a picture: expected one of ${size} px, got ${JSON.stringify(picture)}`);
  if (!found.config.includes(`method: ${method}`)) differences.push(`config: expected the method, got ${found.config}`);
  return differences;
}
