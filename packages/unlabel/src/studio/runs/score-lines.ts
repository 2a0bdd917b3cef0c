// What evaluations found, a line a score, beside its baselines.
import { INDICATORS } from "../../run/indicators.ts";
import type { Evaluations } from "../../run/read/evaluations.ts";
import type { ScoreLine } from "../messages/runs.ts";

const PROTOCOLS = { linear: "linear probe", knn: "kNN", "fine-tune": "fine-tuned", supervised: "supervised" } as const;

/** All scores, the protocols in their usual order. */
export function scoreLines({ scored, fewShot, retrieval, indicators }: Evaluations): ScoreLine[] {
  const lines: ScoreLine[] = [];
  for (const [name, words] of Object.entries(PROTOCOLS)) {
    const found = scored.get(name as keyof typeof PROTOCOLS);
    if (!found) continue;
    lines.push({
      protocol: words,
      score: "top-1",
      trained: found.top1,
      interval: found.interval?.top1 ?? null,
      untrained: found.untrained?.top1 ?? found.scratch?.top1 ?? null,
      pixels: found.pixels?.top1 ?? null,
      chance: found.majority?.top1 ?? null,
      images: found.val_images,
      step: found.step ?? null,
    });
  }
  for (const point of fewShot?.points ?? []) {
    lines.push({
      protocol: "few labels",
      score: `top-1, ${point.images} labels`,
      trained: point.trained.top1,
      interval: point.trained.interval?.top1 ?? null,
      untrained: point.untrained?.top1 ?? null,
      pixels: point.pixels?.top1 ?? null,
      chance: null,
      images: fewShot!.val_images,
      step: fewShot!.step ?? null,
    });
  }
  for (const [k, trained] of Object.entries(retrieval?.recall ?? {})) {
    lines.push({
      protocol: "retrieval",
      score: /^\d+$/.test(k) ? `recall@${k}` : k,
      trained,
      interval: retrieval!.interval?.[k] ?? null,
      untrained: retrieval!.untrained?.[k] ?? null,
      pixels: retrieval!.pixels?.[k] ?? null,
      chance: retrieval!.chance?.[k] ?? null,
      images: retrieval!.val_images,
      step: retrieval!.step ?? null,
    });
  }
  for (const { name, title, share } of INDICATORS) {
    const found = indicators?.trained[name];
    if (!indicators || found?.value == null) continue;
    lines.push({
      protocol: "without labels",
      score: share ? `${title} (share)` : title,
      trained: found.value,
      interval: found.interval ?? null,
      untrained: indicators.untrained?.[name]?.value ?? null,
      pixels: indicators.pixels?.[name]?.value ?? null,
      chance: indicators.chance?.[name] ?? null,
      images: indicators.val_images,
      step: indicators.step ?? null,
    });
  }
  return lines;
}
