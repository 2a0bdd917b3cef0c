// Is a run learning? Told from the numbers of metrics.jsonl alone, without labels, in plain words. A verdict is a function of
// the rows up to it, so a run that is resumed reads its own and goes on as if it had never stopped.

import { median } from "../base/numbers.ts";
import type { About } from "../methods/about.ts";
import type { Health, StartLook } from "../run/health.ts";
import type { MetricsRow } from "../run/metrics.ts";

/** What the numbers are held against. */
export interface HealthFacts {
  /** The method's own measures and cures, for the run's config. */
  method: Omit<About["health"], "learnt"> & { learnt: number };
  /** Length of a feature vector. */
  dim: number;
  /** Images that the features are measured on, where a row does not say how many. */
  images: number;
  floor: number | null;
  /** Steps of the learning rate's warm-up, in which little is learnt. */
  warmup: number;
}

/** Steps before which it is too early to say that nothing is learnt. */
const PATIENCE = 100;
const RECENT = 50;
const FIRST = 10;

/**
 * Thresholds, far from where encoders are that learn: with both presets `small` features keep a fifth of 1/√d or more, and
 * effective ranks above 35 (SimCLR) and 11 (MAE, whose features share a large mean).
 */
const COLLAPSED = 0.01;
const RANK = 3;
/** Too few where it is also less than half of what it was. */
const SUNK = 8;
const EXPLODING = 100;
const VANISHING = 1e-7;
/** Of the loss at the start. */
const FALLEN = 0.005;
/** A fall of kNN that chance does not explain: in standard errors of the difference, and at least so much. */
const CLEARLY = { errors: 2.58, least: 0.03 };

/** Reads a run's rows one after the other and says how it fares. */
export class HealthRecord {
  readonly #facts: HealthFacts;
  readonly #first: number[] = [];
  readonly #recent: number[] = [];
  readonly #norms: number[] = [];
  /** Effective rank at the first look, and of how many images. */
  #rank: { rank: number; images: number } | null = null;
  #start: StartLook | null = null;
  /** The last kNN that can be held against the start's. */
  #vote: { top1: number; images: number } | null = null;
  #now: Health = { verdict: "too-early", since: null, text: "too early to tell" };

  constructor(facts: HealthFacts) {
    this.#facts = facts;
  }

  /** What the encoder was before the first step, where it was given weights. */
  beganWith(start: StartLook): void {
    this.#start = start;
  }

  get now(): Health {
    return this.#now;
  }

  /**
   * Takes in a row. One that holds a look at the features (`health/std`) is judged.
   *
   * @param chance the loss at random guessing, where it is known
   * @returns whether the verdict has changed
   */
  observe(row: MetricsRow, chance: number | null): boolean {
    const loss = row["train/loss"]!;
    if (this.#first.length < FIRST) this.#first.push(loss);
    this.#recent.push(loss);
    if (this.#recent.length > RECENT) this.#recent.shift();
    const broken = row["health/not_finite"];
    if (broken !== undefined)
      return this.#becomes("not-finite", `the features of ${broken} images ${NOT_FINITE}`, row.step);
    const [top1, asked] = [row["online/knn_top1"], row["online/images"]];
    if (top1 !== undefined && asked !== undefined) this.#vote = { top1, images: asked };
    if (row["health/std"] === undefined) {
      const worse = top1 === undefined ? null : this.#worse(row);
      return worse !== null && this.#becomes("worse-than-start", worse, row.step);
    }
    const found = this.#judge(row, chance);
    const rank = row["health/rank"];
    if (rank !== undefined) this.#rank ??= { rank, images: this.#images(row) };
    if (row["health/grad_norm"] !== undefined) this.#norms.push(row["health/grad_norm"]);
    return this.#becomes(found.verdict, found.text, row.step);
  }

  /** The loss or a gradient of `step` was no number. */
  notFinite(step: number): void {
    this.#becomes("not-finite", `loss or gradient ${NOT_FINITE}`, step);
  }

  /** The run ends with `step`: what it is too early to tell now will not be told. */
  ends(step: number): void {
    if (this.#now.verdict !== "too-early") return;
    const { warmup } = this.#facts;
    const after = warmup > 0 ? ` after a warm-up of ${count(warmup)}` : "";
    this.#now = {
      ...this.#now,
      text: `too short to tell whether it learns: ${count(step)} steps, where ${PATIENCE}${after} are needed`,
    };
  }

  #becomes(verdict: Health["verdict"], text: string, step: number): boolean {
    const changed = verdict !== this.#now.verdict;
    const fine = verdict === "healthy" || verdict === "too-early";
    const since = fine ? null : changed ? step : this.#now.since;
    const words = verdict.replaceAll("-", " ");
    this.#now = { verdict, since, text: since === null ? text : `${words} since step ${count(since)}: ${text}` };
    return changed;
  }

  /** Why the encoder is clearly worse than the one that it began with, by kNN where there are labels, else by its rank; else null. */
  #worse(row: MetricsRow): string | null {
    const start = this.#start;
    if (start === null) return null;
    const vote = this.#vote;
    const before = vote && start.votes.find(({ images }) => images === vote.images);
    const cure =
      "training unlearns what these weights knew; try a tenth of the lr, freeze_encoder_steps (the heads alone at first), or layer_decay 0.75";
    if (vote && before) {
      // A third of them asks.
      const asked = Math.max(1, Math.floor(vote.images / 3));
      const error = Math.sqrt((before.top1 * (1 - before.top1) + vote.top1 * (1 - vote.top1)) / asked);
      if (before.top1 - vote.top1 <= Math.max(CLEARLY.least, CLEARLY.errors * error)) return null;
      const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
      return `kNN fell from ${percent(before.top1)} at the start to ${percent(vote.top1)} (of ${count(asked)} images): ${cure}`;
    }
    const rank = row["health/rank"];
    const first = start.health?.values["health/rank"];
    if (rank === undefined || first === undefined || start.health?.images !== this.#images(row)) return null;
    if (start.votes.length > 0 || rank >= first / 2) return null;
    return `features vary in ${rank.toFixed(0)} directions, in ${first.toFixed(0)} at the start: ${cure}`;
  }

  #images(row: MetricsRow): number {
    return row["health/images"] ?? this.#facts.images;
  }

  #judge(row: MetricsRow, chance: number | null): { verdict: Health["verdict"]; text: string } {
    const { dim, floor, warmup, method } = this.#facts;
    const images = this.#images(row);
    const [loss, started] = [median(this.#recent), median(this.#first)];
    const [std, rank, norm] = [row["health/std"]!, row["health/rank"]!, row["health/grad_norm"] ?? null];
    const expected = 1 / Math.sqrt(dim);
    const usual = this.#norms.length >= 3 ? median(this.#norms) : null;
    const worst = chance === null ? started : Math.max(started, chance);

    if (floor !== null && loss < floor - 1e-3 * Math.max(1, Math.abs(floor))) {
      const text = `the loss (${short(loss)}) is less than it can be (${short(floor)}), so something other than the images gives the answer away; check the views and the loss`;
      return { verdict: "below-floor", text };
    }
    // A loss that goes below 0 has come twice as far from its floor.
    const bottom = Math.min(0, floor ?? 0);
    if (loss - bottom > 2 * (worst - bottom)) {
      const text = `the loss (${short(loss)}) is far above its start (${short(started)}); try a tenth of the lr, or clip_grad_norm 1`;
      return { verdict: "diverging", text };
    }
    if (norm !== null && usual !== null && norm > EXPLODING * usual && norm > 1) {
      const text = `the encoder's gradient has norm ${short(norm)}, ${short(usual)} is usual in this run; try a lower lr, a longer warm-up, or clip_grad_norm 1`;
      return { verdict: "exploding-gradient", text };
    }
    if (std < COLLAPSED * expected) {
      const why = row["health/identical"]
        ? "the images looked at are all the same: check the data"
        : `try ${method.cures}, or begin again with a lower lr`;
      const text = `all images get the same features (std ${short(std)}, ${short(expected)} expected); ${why}`;
      return { verdict: "collapsed", text };
    }
    const worse = this.#worse(row);
    if (worse !== null) return { verdict: "worse-than-start", text: worse };
    const most = 0.5 * Math.min(dim, images);
    // So many images vary in no more directions.
    const few = images < Math.min(dim, this.#facts.images) ? `, of ${count(images)} images` : "";
    const flat = {
      verdict: "dimensional-collapse",
      text: `features vary in ${rank.toFixed(1)} directions of ${count(dim)} (effective rank${few}); try ${method.cures}, or a longer training`,
    } as const;
    if (norm !== null && norm < VANISHING) {
      const text = `the encoder's gradient has norm ${short(norm)}: it is not trained; try a higher lr from the start, or other initial weights`;
      return { verdict: "vanishing-gradient", text };
    }
    if (row.step < warmup + PATIENCE) return { verdict: "too-early", text: "too early to tell whether it learns" };
    // Not before: in the first steps directions are lost that come back.
    if (rank < Math.min(RANK, most)) return flat;
    if (chance !== null && chance - loss < method.learnt * (chance - (floor ?? 0))) {
      const text = `the loss (${short(loss)}) is what guessing gives (${short(chance)}); try another lr (ten times less, ten times more)${method.unlearnt ? `, or ${method.unlearnt}` : ""}`;
      return { verdict: "not-learning", text };
    }
    if (started - loss < FALLEN * Math.abs(started)) {
      const text = `the loss (${short(loss)}) has not fallen since the start (${short(started)}); try a higher lr`;
      return { verdict: "not-learning", text };
    }
    const first = this.#rank;
    if (first !== null && images >= first.images && rank < Math.min(SUNK, most, first.rank / 2)) return flat;
    const gain = chance === null ? "" : ` (chance ${short(chance)})`;
    return {
      verdict: "healthy",
      text: `healthy: loss ${short(loss)}${gain}, features vary in ${rank.toFixed(0)} directions of ${count(dim)}${few}`,
    };
  }
}

const NOT_FINITE = "are not finite numbers; try a lower lr, clip_grad_norm or precision fp32";

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
