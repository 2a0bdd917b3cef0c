import { expect, it } from "vitest";
import { rowsOf } from "./evaluate.ts";

const outcome = (json: Record<string, unknown>) => ({ json, seconds: 1, mb: undefined });

it("sets an evaluation beside all steps of the training, phase by phase", () => {
  const trained = outcome({ step_s: 0.2 });
  const judged = outcome({ seconds: 60, images: 13394, phases: { encoding: 40, "linear probe": 15 } });
  const rows = rowsOf("simclr", 1000, trained, judged);
  expect(rows.map(({ name, ours, unit }) => [name, ours, unit])).toEqual([
    ["simclr: training", 200, "s"],
    ["simclr: evaluation", 60, "s"],
    ["simclr: encoding", 40, "s"],
    ["simclr: linear probe", 15, "s"],
    ["simclr: all else", 5, "s"],
    ["simclr: evaluation, of training", 0.3, "of the time"],
  ]);
  expect(rows.at(-1)!.note).toBe("at most a third");
  expect(rowsOf("simclr", 100, trained, judged).at(-1)!.note).toBe("more than a third");
});
