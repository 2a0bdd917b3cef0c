// What a comparison may be asked for, checked before anything of it is written: the budget alone says how long runs are, and the
// lists of methods and seeds alone what they are.

import { UsageError } from "../base/errors.ts";
import { wholeFromOne } from "../base/numbers.ts";
import { integer } from "../config/fields.ts";
import { choice, show } from "../config/words.ts";
import { refuseTaught } from "../methods/registry.ts";
import type { Budget, Terms } from "./plan.ts";

const KINDS = ["time", "epochs", "flops", "steps"] as const satisfies readonly Budget["kind"][];
const SEED = integer(0, 2 ** 32 - 1);

const LENGTH = "length is the budget (--budget TIME, --epochs N or --flops X)";
/** Settings that a comparison decides itself, and by what. */
const DECIDED: Readonly<Record<string, string>> = {
  steps: LENGTH,
  epochs: LENGTH,
  budget: LENGTH,
  method: "methods are those of --methods",
  seed: "seeds are those of --seeds",
  preset: "the preset is that of --preset",
  init: "what runs begin with is --init",
};

/** What decides a setting where methods are compared; null where it may be set. */
export function decidedBy(setting: string): string | null {
  return Object.hasOwn(DECIDED, setting) ? (DECIDED[setting] ?? null) : null;
}

/** @throws {UsageError} for a list that is empty or names one twice, a budget of nothing, or a setting that the comparison decides */
export function checkTerms({ methods, seeds, budget, settings, init, beside, own = {} }: Terms): void {
  eachOnce("methods", methods, "; two seeds train each method twice");
  refuseTaught(methods, "to compare");
  eachOnce("seeds", seeds);
  for (const seed of seeds) {
    const { error } = SEED.safeParse(seed);
    if (error) throw new UsageError(`Expected ${error.issues[0]?.message} for each of seeds, got ${show(seed)}`);
  }
  checkBudget(budget, methods);
  if (init != null && (typeof init !== "string" || init.trim() === ""))
    throw new UsageError(`Expected a file, a folder, a run or hub:ORG/NAME for init, got ${show(init)}`);
  if (beside !== undefined && (!Array.isArray(beside) || beside.length > 0)) eachOnce("beside", beside);
  for (const method of Object.keys(own)) {
    if (!methods.includes(method))
      throw new UsageError(`Expected own settings of ${methods.join(" or ")} alone, got some of ${show(method)}`);
  }
  for (const [key, value] of [settings, ...Object.values(own)].flatMap((values) => Object.entries(values))) {
    const why = decidedBy(key);
    if (why) throw new UsageError(`Expected no ${key} among a comparison's settings, got ${show(value)}: ${why}`);
  }
}

function eachOnce(name: string, list: readonly unknown[], hint = ""): void {
  if (!Array.isArray(list) || list.length === 0) {
    throw new UsageError(
      `Expected a list of one or more for ${name}, got ${Array.isArray(list) ? "none" : show(list)}`,
    );
  }
  const twice = list.find((one, i) => list.indexOf(one) < i);
  if (twice !== undefined) throw new UsageError(`Expected each of ${name} once, got ${show(twice)} again${hint}`);
}

function checkBudget(budget: Budget | undefined, methods: readonly string[]): void {
  const kind = choice("budget.kind", budget?.kind, KINDS, undefined);
  const value: unknown = budget?.value;
  if (kind === "steps") {
    const steps = typeof value === "object" && value !== null ? Object.entries(value) : [];
    for (const method of methods) {
      wholeFromOne(`budget.value.${method}`, steps.find(([name]) => name === method)?.[1]);
    }
  } else if (kind === "epochs") {
    wholeFromOne("budget.value", value);
  } else if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) {
    throw new UsageError(`Expected a number above 0 for budget.value, got ${show(value)}`);
  }
}
