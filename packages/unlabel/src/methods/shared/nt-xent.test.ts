import {
  autocast,
  cat,
  grad,
  manualSeed,
  noGrad,
  ones,
  randn,
  scope,
  type Tensor,
  tensor,
  zeros,
} from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { ntXent, ntXentChance, ntXentFloor } from "./nt-xent.ts";

/** The formula word by word, in JavaScript's numbers. */
function naive(rows: number[][], temperature: number): number {
  const count = rows.length;
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const sim = (i: number, k: number) =>
    dot(rows[i]!, rows[k]!) / Math.sqrt(dot(rows[i]!, rows[i]!) * dot(rows[k]!, rows[k]!));
  let total = 0;
  for (let i = 0; i < count; i++) {
    let denominator = 0;
    for (let k = 0; k < count; k++) if (k !== i) denominator += Math.exp(sim(i, k) / temperature);
    total -= Math.log(Math.exp(sim(i, (i + count / 2) % count) / temperature) / denominator);
  }
  return total / count;
}

function rowsOf(t: Tensor): number[][] {
  const [rows, columns] = t.shape as [number, number];
  const flat = t.toNumbers();
  return Array.from({ length: rows }, (_, i) => flat.slice(i * columns, (i + 1) * columns));
}

const lossOf = (z: Tensor, temperature: number) => ntXent(z, temperature).loss.item();

describe("ntXent", () => {
  for (const temperature of [0.1, 0.5, 1, 10]) {
    for (const images of [1, 2, 4, 32]) {
      it(`equals a double loop: τ ${temperature}, ${images} images`, () => {
        scope(() => {
          manualSeed(images);
          const z = randn([2 * images, 8], { dtype: "float64" });
          const expected = naive(rowsOf(z), temperature);
          expect(lossOf(z, temperature)).toBeCloseTo(expected, 12);
          expect(Math.abs(lossOf(z.to({ dtype: "float32" }), temperature) - expected)).toBeLessThan(1e-5);
        });
      });
    }
  }

  it("is symmetric: swapping the two views, or the order of the images, changes nothing", () => {
    scope(() => {
      const [a, b] = [randn([6, 5]), randn([6, 5])];
      const loss = lossOf(cat([a, b]), 0.5);
      expect(lossOf(cat([b, a]), 0.5)).toBeCloseTo(loss, 6);
      expect(lossOf(cat([a.flip([0]), b.flip([0])]), 0.5)).toBeCloseTo(loss, 6);
      expect(lossOf(cat([a, b.flip([0])]), 0.5)).not.toBeCloseTo(loss, 3);
    });
  });

  it("does not depend on the embeddings' lengths", () => {
    scope(() => {
      const z = randn([8, 5]);
      expect(lossOf(z.mul(100), 0.5)).toBeCloseTo(lossOf(z, 0.5), 5);
    });
  });

  it.each([1, 2, 32])("is ln(2N − 1) for identical embeddings of %d images", (images) => {
    expect(lossOf(ones([2 * images, 4]), 0.5)).toBeCloseTo(Math.log(2 * images - 1), 5);
    expect(ntXentChance(images)).toBe(Math.log(2 * images - 1));
  });

  it.each([0.1, 0.5, 1])("reaches its floor, and not less, at the corners of a simplex: τ %d", (temperature) => {
    scope(() => {
      const images = 5;
      const corners = tensor(
        Array.from({ length: images }, (_, i) =>
          Array.from({ length: images }, (_, j) => (i === j ? 1 : 0) - 1 / images),
        ),
      );
      const floor = ntXentFloor(images, temperature);
      expect(lossOf(cat([corners, corners]), temperature)).toBeCloseTo(floor, 5);
      for (let i = 0; i < 20; i++) expect(lossOf(randn([2 * images, 3]), temperature)).toBeGreaterThan(floor);
    });
  });

  it("has the bounds that the documentation names for the report's preset", () => {
    expect(ntXentChance(32)).toBeCloseTo(4.143, 3);
    expect(ntXentFloor(32, 0.5)).toBeCloseTo(2.182, 3);
    expect(ntXentFloor(1, 0.5)).toBe(0);
  });

  it("has the gradient of its finite differences", () => {
    scope(() => {
      manualSeed(3);
      const z = randn([8, 3], { dtype: "float64" }).requiresGrad_();
      const [gradient] = grad(ntXent(z, 0.5).loss, [z]);
      const analytic = gradient!.toNumbers();
      const values = z.toNumbers();
      const step = 1e-6;
      for (const i of values.keys()) {
        const shifted = (by: number) =>
          noGrad(() => lossOf(tensor(values.with(i, values[i]! + by), { dtype: "float64" }).reshape([8, 3]), 0.5));
        expect(analytic[i]).toBeCloseTo((shifted(step) - shifted(-step)) / (2 * step), 8);
      }
    });
  });

  it("stays in float32 under autocast", () => {
    scope(() => {
      const z = randn([16, 8]);
      const loss = autocast({ dtype: "bfloat16" }, () => ntXent(z, 0.1).loss);
      expect(loss.dtype).toBe("float32");
      expect(loss.item()).toBe(lossOf(z, 0.1));
      expect(autocast({ dtype: "bfloat16" }, () => ntXent(z.to({ dtype: "bfloat16" }), 0.1).loss).dtype).toBe(
        "float32",
      );
    });
  });

  it("survives embeddings of zeros", () => {
    scope(() => {
      const z = zeros([4, 3]).requiresGrad_();
      const { loss } = ntXent(z, 0.5);
      loss.backward();
      expect(loss.item()).toBeCloseTo(Math.log(3), 6);
      expect(z.grad!.toNumbers().every(Number.isFinite)).toBe(true);
    });
  });

  it("logs how alike the views are, how often they find each other, and how far embeddings spread", () => {
    scope(() => {
      const values = (z: Tensor) =>
        Object.fromEntries(Object.entries(ntXent(z, 0.5).logs).map(([name, value]) => [name, value.item()]));
      const axes = tensor([
        [1, 0],
        [0, 1],
        [-1, 0],
        [0, -1],
      ]);
      const found = values(cat([axes, axes.mul(2)]));
      expect(found.positive_similarity).toBeCloseTo(1, 6);
      expect(found.contrastive_accuracy).toBe(1);
      expect(found.embedding_std).toBeCloseTo(1, 6);
      const lost = values(cat([axes, axes.neg()]));
      expect(lost.positive_similarity).toBeCloseTo(-1, 6);
      expect(lost.contrastive_accuracy).toBe(0);
      expect(values(ones([8, 2])).embedding_std).toBeCloseTo(0, 3);
    });
  });

  it("refuses an odd number of embeddings", () => {
    expect(() => ntXent(zeros([3, 2]), 0.5)).toThrow("Expected [2N, D] for embeddings, got [3, 2]");
    expect(() => ntXent(zeros([4]), 0.5)).toThrow("got [4]");
  });
});
