// Losses against lightly's on the same numbers: fixtures/losses.py.
import { readFileSync } from "node:fs";
import { cat, scope, type Tensor } from "@unlabel/torch";
import { expect, it } from "vitest";
import { rowsOf } from "../../testing/naive.ts";
import { formulaNumbers } from "../../testing/reference.ts";
import { barlowTwins } from "./barlow-loss.ts";
import { cosineRegression } from "./cosine-regression.ts";
import { infoNce, unit } from "./info-nce.ts";
import { ntXent, positiveWeights } from "./nt-xent.ts";
import { Queue } from "./queue.ts";
import { vicReg } from "./vicreg-loss.ts";

interface Measured {
  images: number;
  dim: number;
  loss: number;
  grad_norms: [number | null, number | null];
}

interface Losses extends Record<"vicreg" | "barlow" | "simsiam" | "nt_xent" | "info_nce", Measured[]> {
  positive_weights: { sigma: number; images: number; dim: number; weights: number[] };
  neighbours: { found: number[][] };
}

const expected = JSON.parse(
  readFileSync(new URL("../../../../../fixtures/losses.json", import.meta.url), "utf8"),
) as Losses;

/** Two views, the second like the first. */
function views(images: number, dim: number): [Tensor, Tensor] {
  const a = formulaNumbers("a", [images, dim]);
  return [a, a.add(formulaNumbers("b", [images, dim]), { alpha: 0.5 })];
}

const ours: Record<string, (a: Tensor, b: Tensor) => Tensor> = {
  vicreg: (a, b) => vicReg(cat([a, b])).loss,
  barlow: (a, b) => barlowTwins(cat([a, b]), 0.005).loss,
  // A gradient for both in lightly's, which leaves the stop to its caller.
  simsiam: (a, b) => cosineRegression(a, b).mean().div(2).sub(1),
  nt_xent: (a, b) => ntXent(cat([a, b]), 0.5).loss,
  info_nce: (a, b) => infoNce(a, b, 0.2).loss,
};

it.each(Object.entries(ours))("%s is lightly's, gradients too", (name, loss) => {
  for (const { images, dim, loss: value, grad_norms } of expected[name as "vicreg"]) {
    scope(() => {
      const leaves = views(images, dim).map((view) => view.detach().requiresGrad_()) as [Tensor, Tensor];
      const found = loss(...leaves);
      found.backward();
      expect(found.item() / value).toBeCloseTo(1, 5);
      for (const [i, leaf] of leaves.entries()) {
        if (name === "simsiam" && i === 1) expect(leaf.grad).toBeNull();
        else expect(leaf.grad!.linalgVectorNorm().item() / grad_norms[i]!).toBeCloseTo(1, 4);
      }
    });
  }
});

it("weighs positives as lightly's DCLW does", () => {
  scope(() => {
    const { sigma, images, dim, weights } = expected.positive_weights;
    const [a, b] = views(images, dim);
    const found = positiveWeights(unit(a).mul(unit(b)).sum([1]), sigma).toNumbers();
    for (const [i, value] of weights.entries()) expect(found[i]).toBeCloseTo(value, 5);
  });
});

it("finds the neighbours that lightly's bank finds, step by step", () => {
  scope(() => {
    const queue = new Queue(8, 4);
    for (let step = 0; step < 4; step++) {
      const x = formulaNumbers(`x${step}`, [4, 4]);
      if (step >= 2) {
        const wanted = expected.neighbours.found[step - 2]!;
        for (const [i, row] of rowsOf(queue.nearest(x)).entries()) expect(row[0]).toBeCloseTo(wanted[i]!, 5);
      }
      queue.push(x);
    }
  });
});
