// How long the training of a comparison takes here: a few steps of each method that are thrown away, and a product.
import { join } from "node:path";
import type { Dataset } from "../data/folder.ts";
import type { Init } from "../train/init.ts";
import { plan } from "../train/plan.ts";
import { settle } from "../train/settle.ts";
import { sharesTrained } from "./halving.ts";
import type { Comparison } from "./plan.ts";
import { settingsOf } from "./run-settings.ts";

/** Seconds for which a method's steps are planned; a twentieth of it is spent on measuring, or two steps where these take longer. */
const SPAN = 60;

/**
 * Seconds that all runs train which have not begun, or null where the budget is a time itself.
 *
 * @param out where the runs will be; nothing is written
 */
export async function trainingSeconds(
  comparison: Comparison,
  data: Dataset,
  out: string,
  init: Init | null = null,
): Promise<number | null> {
  if (comparison.budget.kind === "time") return null;
  const images = data.train.items.length;
  const { first, others } = comparison.halve ? sharesTrained(comparison.methods.length) : { first: 1, others: 1 };
  let seconds = 0;
  for (const method of comparison.methods) {
    const runs = comparison.runs.filter((run) => run.method === method && run.status === "waiting");
    if (runs.length === 0) continue;
    const settings = settingsOf(comparison, method, runs[0]!.seed, images, init);
    const budget = { kind: "time", value: SPAN } as const;
    const flags = settingsOf({ ...comparison, budget }, method, runs[0]!.seed, images, init);
    const request = {
      data: comparison.data,
      settings: { flags },
      input: comparison.input,
      facts: comparison.facts,
      out: join(out, `${method}-speed`),
    };
    const planned = plan(request, init);
    const { config, stepSeconds } = await settle(planned, data, () => {});
    const stepsPerEpoch = Math.max(1, Math.floor(images / config.batch));
    const steps = (settings.steps as number | undefined) ?? Number(settings.epochs) * stepsPerEpoch;
    const whole = runs.reduce((sum, { seed }) => sum + (seed === comparison.seeds[0] ? first : others), 0);
    seconds += whole * stepSeconds! * steps;
  }
  return seconds;
}
