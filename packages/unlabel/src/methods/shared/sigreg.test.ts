// SIGReg and LeJEPA's loss against their formulas word by word.
import { autocast, eye, manualSeed, ones, randn, scope, type Tensor, tensor, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { dot, expectGradient, mean, rowsOf } from "../../testing/naive.ts";
import { leJepa, leJepaChance, sigReg } from "./sigreg.ts";
import { unrelatedDistance } from "./sigreg-bounds.ts";

const double = { dtype: "float64" } as const;

/** The statistic in JavaScript's numbers, from −3 to 3 by trapezoids. */
function naive(rows: number[][], directions: number[][]): number {
  const images = rows.length;
  return mean(
    directions.map((direction) => {
      const projected = rows.map((row) => dot(row, direction));
      let integral = 0;
      for (let k = -16; k <= 16; k++) {
        const t = (3 * k) / 16;
        const gaussian = Math.exp((-t * t) / 2);
        const real = mean(projected.map((x) => Math.cos(t * x))) - gaussian;
        const imaginary = mean(projected.map((x) => Math.sin(t * x)));
        integral += (Math.abs(k) === 16 ? 0.5 : 1) * (3 / 16) * (real ** 2 + imaginary ** 2) * gaussian;
      }
      return images * integral;
    }),
  );
}

/** LeJEPA's loss of views of images, the whole ones first. */
function naiveLoss(
  rows: number[][],
  views: { globals: number; locals: number },
  along: number[][],
  weight: number,
): number {
  const count = views.globals + views.locals;
  const images = rows.length / count;
  const at = (v: number, i: number) => rows[v * images + i]!;
  let [distance, normal] = [0, 0];
  for (let v = 0; v < count; v++) {
    normal += naive(rows.slice(v * images, (v + 1) * images), along) / count;
    for (let i = 0; i < images; i++) {
      for (const [d, value] of at(v, i).entries()) {
        const centre = mean(Array.from({ length: views.globals }, (_, g) => at(g, i)[d]!));
        distance += ((value - centre) ** 2 / (count * rows.length * at(v, i).length)) * count;
      }
    }
  }
  return (1 - weight) * distance + weight * normal;
}

/** So many directions in `dim` dimensions, as columns. */
function directionsOf(dim: number, count: number): Tensor {
  const drawn = randn([dim, count], double);
  return drawn.div(drawn.linalgVectorNorm(2, [0], true));
}

describe("sigReg", () => {
  it.each([
    [1, 1, 1],
    [5, 3, 4],
    [12, 2, 7],
  ])("equals a loop over directions and knots: %d images, %d numbers, %d directions", (images, dim, count) => {
    scope(() => {
      manualSeed(images);
      const [z, along] = [randn([images, dim], double).mul(1.3).add(0.2), directionsOf(dim, count)];
      const expected = naive(rowsOf(z), rowsOf(along.t().contiguous()));
      expect(sigReg(z, along).item()).toBeCloseTo(expected, 11);
      expect(sigReg(z.to({ dtype: "float32" }), along).item() / expected).toBeCloseTo(1, 4);
    });
  });

  it("is N times the integral of (1 − e^(−t²/2))² e^(−t²/2) for zeros, and about √(2π) − √(2π/3) for numbers drawn from a Gaussian", () => {
    scope(() => {
      // √(2π) − 2√π + √(2π/3) over the whole line, of which 0.02 lie beyond 3.
      const whole = Math.sqrt(2 * Math.PI) - 2 * Math.sqrt(Math.PI) + Math.sqrt((2 * Math.PI) / 3);
      const zero = sigReg(zeros([10, 4], double), directionsOf(4, 3)).item() / 10;
      expect(zero).toBeLessThan(whole);
      expect(zero).toBeGreaterThan(whole - 0.02);
      manualSeed(0);
      // One sample's statistic deviates by about 0.5; the mean of 30 by 0.09 from 1.03.
      const drawn = mean(Array.from({ length: 30 }, () => sigReg(randn([128, 8], double), directionsOf(8, 16)).item()));
      expect(drawn).toBeGreaterThan(0.75);
      expect(drawn).toBeLessThan(1.35);
      // Too wide, too narrow, moved, and two lumps of the right mean and variance: all are further.
      const z = randn([512, 8], double);
      const signs = z.sign();
      for (const other of [z.mul(1.5), z.mul(0.5), z.add(0.5), signs.narrow(1, 0, 1).expand([512, 8])])
        expect(sigReg(other, eye(8, double)).item()).toBeGreaterThan(10);
    });
  });

  it("has the gradient of the loop's finite differences", () => {
    scope(() => {
      manualSeed(4);
      const along = directionsOf(3, 5);
      const z = randn([4, 3], double);
      expectGradient(
        z,
        (x) => sigReg(x, along),
        (rows) => naive(rows, rowsOf(along.t().contiguous())),
      );
    });
  });

  it("tests each view by itself, and refuses what does not fit", () => {
    scope(() => {
      const [z, along] = [randn([3, 6, 4], double), directionsOf(4, 5)];
      const each = [0, 1, 2].map((v) => sigReg(z.select(0, v), along).item());
      expect(sigReg(z, along).item()).toBeCloseTo(mean(each), 11);
      expect(() => sigReg(zeros([4]), along)).toThrow(
        "Expected […, N, D] for embeddings and [D, K] for directions, got [4] and [4, 5]",
      );
      expect(() => sigReg(zeros([4, 3]), along)).toThrow("got [4, 3] and [4, 5]");
    });
  });
});

describe("leJepa", () => {
  it.each([
    [{ globals: 2, locals: 0 }, 4, 0.05],
    [{ globals: 2, locals: 3 }, 3, 0.3],
    [{ globals: 1, locals: 2 }, 5, 0.9],
  ])("equals a loop over views: %j, %d images, λ %d; gradients too", (views, images, weight) => {
    scope(() => {
      manualSeed(images);
      const along = directionsOf(3, 4);
      const z = randn([(views.globals + views.locals) * images, 3], double);
      const loop = (rows: number[][]) => naiveLoss(rows, views, rowsOf(along.t().contiguous()), weight);
      expect(leJepa(z, views, along, weight).loss.item()).toBeCloseTo(loop(rowsOf(z)), 11);
      expectGradient(z, (x) => leJepa(x, views, along, weight).loss, loop);
    });
  });

  it("logs its terms, and how far embeddings spread", () => {
    scope(() => {
      const z = randn([18, 4], double).mul(0.5);
      const { loss, logs } = leJepa(z, { globals: 2, locals: 1 }, directionsOf(4, 8), 0.25);
      const { invariance, normality, embedding_std } = logs;
      expect(0.75 * invariance!.item() + 0.25 * normality!.item()).toBeCloseTo(loss.item(), 10);
      const deviations = [0, 1, 2].map((v) =>
        z
          .narrow(0, 6 * v, 6)
          .var(0, { correction: 0 })
          .sqrt()
          .mean()
          .item(),
      );
      expect(embedding_std!.item()).toBeCloseTo(mean(deviations), 10);
      expect(
        leJepa(ones([6, 2], double), { globals: 2, locals: 0 }, eye(2, double), 0.5).logs.embedding_std!.item(),
      ).toBe(0);
    });
  });

  it.each([
    [{ globals: 2, locals: 0 }, 0.05, 64],
    [{ globals: 2, locals: 4 }, 0.05, 64],
    [{ globals: 2, locals: 6 }, 0.5, 256],
  ])(
    "is at chance for the best spread of views that know nothing of each other: %j, λ %d, %d images",
    (views, weight, images) => {
      scope(() => {
        manualSeed(0);
        const chance = leJepaChance(weight, images, views)!;
        const count = views.globals + views.locals;
        const along = directionsOf(16, 64);
        const drawn = randn([count * images, 16], double);
        const losses = [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2].map((s) =>
          leJepa(drawn.mul(s), views, along, weight).loss.item(),
        );
        expect(Math.min(...losses) / chance).toBeGreaterThan(0.95);
        expect(Math.min(...losses) / chance).toBeLessThan(1.1);
      });
    },
  );

  it("has no chance to speak of where a term is off, and knows how far unrelated views lie from their centre", () => {
    expect(leJepaChance(0, 64, { globals: 2, locals: 0 })).toBeNull();
    expect(leJepaChance(1, 64, { globals: 2, locals: 0 })).toBeNull();
    expect(unrelatedDistance({ globals: 2, locals: 0 })).toBe(0.5);
    expect(unrelatedDistance({ globals: 2, locals: 4 })).toBeCloseTo(7 / 6, 12);
  });

  it("stays in float32 under autocast, and refuses rows that are no views of as many images", () => {
    scope(() => {
      const [z, along] = [randn([12, 8]), directionsOf(8, 4).to({ dtype: "float32" })];
      const views = { globals: 2, locals: 0 };
      const { loss } = autocast({ dtype: "bfloat16" }, () => leJepa(z, views, along, 0.05));
      expect([loss.dtype, loss.item()]).toEqual(["float32", leJepa(z, views, along, 0.05).loss.item()]);
      for (const wrong of [zeros([5, 8]), zeros([12]), tensor([[]])])
        expect(() => leJepa(wrong, views, along, 0.05)).toThrow(
          "Expected [V·N, D] for embeddings of V = 2 + 0 views, got [",
        );
    });
  });
});
