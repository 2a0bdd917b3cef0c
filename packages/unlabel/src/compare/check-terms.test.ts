import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { compare } from "./compare.ts";
import type { CompareRequest } from "./request.ts";

const root = temporaryFolder();
afterAll(() => root[Symbol.dispose]());

const out = join(root.path, "out");
const steps = (value: unknown) => ({ budget: { kind: "steps", value } });
const SEED = "Expected a whole number from 0 to 4294967295 for each of seeds, got";

it.each<[changes: object, line: string]>([
  [{ methods: [] }, "Expected a list of one or more for methods, got none"],
  [{ methods: "mae" }, 'Expected a list of one or more for methods, got "mae"'],
  [{ methods: ["mae", "mae"] }, 'Expected each of methods once, got "mae" again; two seeds train each method twice'],
  [{ seeds: [] }, "Expected a list of one or more for seeds, got none"],
  [{ seeds: [1, 0, 1] }, "Expected each of seeds once, got 1 again"],
  [{ seeds: [-1] }, `${SEED} -1`],
  [{ seeds: [0, 0.5] }, `${SEED} 0.5`],
  [{ seeds: [2 ** 32] }, `${SEED} 4294967296`],
  [{ budget: undefined }, "Expected time, epochs, flops or steps for budget.kind, got none"],
  [
    { budget: { kind: "epoch", value: 1 } },
    'Expected time, epochs, flops or steps for budget.kind, got "epoch" (did you mean epochs?)',
  ],
  ...["time", "flops"].flatMap((kind) =>
    [0, -1, Number.NaN, Number.POSITIVE_INFINITY].map((value): [object, string] => [
      { budget: { kind, value } },
      `Expected a number above 0 for budget.value, got ${value}`,
    ]),
  ),
  ...[0, -1, 1.5, Number.NaN].map((value): [object, string] => [
    { budget: { kind: "epochs", value } },
    `Expected a whole number from 1 for budget.value, got ${value}`,
  ]),
  [steps({ simclr: 2 }), "Expected a whole number from 1 for budget.value.mae, got none"],
  [steps({ simclr: 0, mae: 1 }), "Expected a whole number from 1 for budget.value.simclr, got 0"],
  [steps({ simclr: 1, mae: 1.5 }), "Expected a whole number from 1 for budget.value.mae, got 1.5"],
  [steps(2), "Expected a whole number from 1 for budget.value.simclr, got none"],
  [{ own: { byol: { size: 32 } } }, 'Expected own settings of simclr or mae alone, got some of "byol"'],
  [{ own: { mae: { seed: 2 } } }, "Expected no seed among a comparison's settings, got 2: "],
  ...Object.entries({ steps: 2, epochs: 2, budget: 60, seed: 1, method: "mae", preset: "tiny", init: "runs/a" }).map(
    ([key, value]): [object, string] => [
      { settings: { [key]: value } },
      `Expected no ${key} among a comparison's settings, got ${JSON.stringify(value)}: `,
    ],
  ),
])("refuses %j before anything is written", async (changes, line) => {
  const request = { data: root.path, methods: ["simclr", "mae"], budget: { kind: "epochs", value: 1 }, out };
  const asked = { ...request, report: join(out, "report.html"), ...changes } as CompareRequest;
  await expect(compare(asked)).rejects.toMatchObject({ name: "UsageError", message: expect.stringContaining(line) });
  expect(existsSync(out)).toBe(false);
});
