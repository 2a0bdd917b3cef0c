// NT-Xent decoupled, with weighted positives and with local views, against the formulas word by word.
import { grad, manualSeed, noGrad, ones, randn, scope, type Tensor, tensor, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { type NtXentOptions, ntXent, ntXentChance, ntXentFloor, positiveWeights } from "./nt-xent.ts";
import { decoupledShare } from "./nt-xent-bounds.ts";

/** The loss in JavaScript's numbers, one query and one positive after the other. @param weighing rows that weights are taken of */
function naive(rows: number[][], temperature: number, form: NtXentOptions, weighing = rows): number {
  const { decoupled = false, localViews = 0, positiveSigma = null } = form;
  const images = rows.length / (2 + localViews);
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const cosine = (a: number[], b: number[]) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const e = (i: number, k: number) => Math.exp(cosine(rows[i]!, rows[k]!) / temperature);
  const weight = (q: number, g: number) => {
    if (positiveSigma === null) return 1;
    // Of the same two views of every image.
    const alike = Array.from({ length: images }, (_, i) => {
      const at = (row: number) => weighing[row - (row % images) + i]!;
      return Math.exp(cosine(at(q), at(g)) / positiveSigma);
    });
    return 2 - alike[q % images]! / (alike.reduce((sum, value) => sum + value, 0) / images);
  };
  let total = 0;
  for (const q of rows.keys()) {
    // The views of `size` of the own image, itself left out; the views of `size` of others.
    const keys = Array.from({ length: 2 * images }, (_, k) => k);
    const positives = keys.filter((k) => k % images === q % images && k !== q);
    const others = keys.filter((k) => k % images !== q % images).reduce((sum, k) => sum + e(q, k), 0);
    const losses = positives.map(
      (g) => Math.log(others + (decoupled ? 0 : e(q, g))) - weight(q, g) * Math.log(e(q, g)),
    );
    total += losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  }
  return total / rows.length;
}

function rowsOf(t: Tensor): number[][] {
  const [rows, columns] = t.shape as [number, number];
  const flat = t.toNumbers();
  return Array.from({ length: rows }, (_, i) => flat.slice(i * columns, (i + 1) * columns));
}

const lossOf = (z: Tensor, temperature: number, form: NtXentOptions) => ntXent(z, temperature, form).loss.item();

/** `images` points as far apart as they can be, `[images, images]`. */
const corners = (images: number) =>
  tensor(
    Array.from({ length: images }, (_, i) => Array.from({ length: images }, (_, j) => (i === j ? 1 : 0) - 1 / images)),
    { dtype: "float64" },
  );

const FORMS: [string, NtXentOptions][] = [
  ["decoupled", { decoupled: true }],
  ["one local view", { localViews: 1 }],
  ["three local views", { localViews: 3 }],
  ["decoupled, two local views", { decoupled: true, localViews: 2 }],
  ["weighted", { decoupled: true, positiveSigma: 0.5 }],
  ["weighted, two local views", { decoupled: true, localViews: 2, positiveSigma: 0.3 }],
];

describe.each(FORMS)("ntXent: %s", (_, form) => {
  const views = 2 + (form.localViews ?? 0);

  it.each([
    [2, 0.1],
    [2, 1],
    [3, 0.5],
    [7, 0.07],
    [7, 10],
  ])("equals a loop over queries and positives: %d images, τ %d", (images, temperature) => {
    scope(() => {
      manualSeed(images);
      const z = randn([views * images, 5], { dtype: "float64" });
      const expected = naive(rowsOf(z), temperature, form);
      expect(lossOf(z, temperature, form)).toBeCloseTo(expected, 11);
      expect(Math.abs(lossOf(z.to({ dtype: "float32" }), temperature, form) - expected)).toBeLessThan(1e-4);
    });
  });

  it("has the gradient of the loop's finite differences, for every view", () => {
    scope(() => {
      manualSeed(3);
      const shape = [views * 3, 3];
      const z = randn(shape, { dtype: "float64" }).requiresGrad_();
      const [gradient] = grad(ntXent(z, 0.5, form).loss, [z]);
      const values = z.toNumbers();
      const step = 1e-6;
      for (const [i, analytic] of gradient!.toNumbers().entries()) {
        const shifted = (by: number) => {
          const moved = noGrad(() => tensor(values.with(i, values[i]! + by), { dtype: "float64" }).reshape(shape));
          return naive(rowsOf(moved), 0.5, form, rowsOf(z));
        };
        expect(analytic).toBeCloseTo((shifted(step) - shifted(-step)) / (2 * step), 7);
        expect(Math.abs(analytic)).toBeGreaterThan(0);
      }
    });
  });

  it.each([2, 5, 32])("is at chance where all embeddings are the same: %d images", (images) => {
    const chance = ntXentChance(images, form);
    expect(chance).toBe(Math.log(2 * images - (form.decoupled ? 2 : 1)));
    expect(scope(() => lossOf(ones([views * images, 4], { dtype: "float64" }), 0.2, form))).toBeCloseTo(chance, 12);
  });

  it.each([
    [2, 0.1],
    [5, 0.1],
    [5, 1],
    [16, 0.5],
  ])("reaches its floor at the corners of a simplex, and goes below it nowhere: %d images, τ %d", (images, tau) => {
    scope(() => {
      const floor = ntXentFloor(images, tau, form);
      const best = corners(images).repeat([views, 1]);
      expect(lossOf(best, tau, form)).toBeCloseTo(floor, 10);
      manualSeed(1);
      for (let i = 0; i < 20; i++) {
        // At random, and close by.
        for (const noise of [10, 0.01, 0.0001]) {
          const near = best.add(randn([views * images, images], { dtype: "float64" }).mul(noise));
          expect(lossOf(near, tau, form)).toBeGreaterThan(floor - 1e-9);
        }
      }
    });
  });

  it("survives embeddings of zeros, and stays in float32 for halves", () => {
    scope(() => {
      const z = zeros([4 * views, 3]).requiresGrad_();
      const { loss } = ntXent(z, 0.5, form);
      loss.backward();
      expect(loss.item()).toBeCloseTo(ntXentChance(4, form), 5);
      expect(z.grad!.toNumbers().every(Number.isFinite)).toBe(true);
      expect(ntXent(zeros([4 * views, 3]).to({ dtype: "bfloat16" }), 0.5, form).loss.dtype).toBe("float32");
    });
  });

  it("refuses a single image, which has no negatives, and rows that are no whole images", () => {
    const wanted = `Expected [${views}N, D] with N of 2 or more for embeddings, got`;
    expect(() => ntXent(zeros([views, 3]), 0.5, form)).toThrow(`${wanted} [${views}, 3]`);
    expect(() => ntXent(zeros([3 * views + 1, 3]), 0.5, form)).toThrow(`${wanted} [${3 * views + 1}, 3]`);
    expect(() => ntXent(zeros([4 * views]), 0.5, form)).toThrow(wanted);
  });
});

it("does not move a local view by another, and counts how often it finds its image", () => {
  scope(() => {
    manualSeed(0);
    const globals = randn([8, 6], { dtype: "float64" });
    const found = (locals: Tensor) => {
      const z = tensor([...rowsOf(globals), ...rowsOf(locals)], { dtype: "float64" }).requiresGrad_();
      const { loss, logs } = ntXent(z, 0.5, { localViews: 1 });
      const [gradient] = grad(loss, [z]);
      return { first: rowsOf(gradient!)[8]!, accuracy: logs.local_accuracy!.item(), logs };
    };
    const own = globals.narrow(0, 0, 4);
    const [same, other] = [found(own), found(own.clone().mul(tensor([[1], [-1], [-2], [3]], { dtype: "float64" })))];
    for (const [i, value] of same.first.entries()) expect(other.first[i]).toBeCloseTo(value, 14);
    expect(same.accuracy).toBe(1);
    expect(found(own.roll(1, 0)).accuracy).toBe(0);
    expect(same.logs.contrastive_accuracy!.item()).toBe(other.logs.contrastive_accuracy!.item());
  });
});

it("weighs the pair that is less alike more, at a mean of 1, and refuses weights where the loss is not decoupled", () => {
  scope(() => {
    const s = tensor([0.9, 0.1, -0.5], { dtype: "float64" });
    const [most, some, least] = positiveWeights(s, 0.5).toNumbers() as [number, number, number];
    const e = [1.8, 0.2, -1].map(Math.exp);
    expect(most).toBeCloseTo(2 - (3 * e[0]!) / (e[0]! + e[1]! + e[2]!), 12);
    expect((most + some + least) / 3).toBeCloseTo(1, 12);
    expect(least).toBeGreaterThan(some);
    for (const value of positiveWeights(ones([2, 4]), 0.1).toNumbers()) expect(value).toBeCloseTo(1, 6);
  });
  expect(() => ntXent(zeros([4, 2]), 0.5, { positiveSigma: 0.5 })).toThrow(
    "Expected no positiveSigma where the loss is not decoupled, got 0.5",
  );
});

describe("decoupledShare", () => {
  it.each([
    [4, 0.5],
    [64, 0.1],
    [256, 0.07],
  ])("asks as much of N %d, τ %d as the plain loss does of answers equally sure", (images, temperature) => {
    const way = (form: NtXentOptions) => ntXentChance(images, form) - ntXentFloor(images, temperature, form);
    // A query whose 2N − 2 negatives are alike, with the positive so much more alike that the plain loss has gone 0.5 % of its way.
    const plain = ntXentChance(images) - 0.005 * way({});
    const p = Math.exp(-plain);
    const decoupled = Math.log((1 - p) / p);
    const share = decoupledShare(0.005, images, temperature);
    expect((ntXentChance(images, { decoupled: true }) - decoupled) / way({ decoupled: true })).toBeCloseTo(share, 12);
    expect(share).toBeLessThan(0.005);
  });

  it("is half of the share at N = 64 and τ = 0.1, as docs say", () => {
    expect(decoupledShare(0.005, 64, 0.1) / 0.005).toBeCloseTo(0.48, 2);
    expect(ntXentFloor(64, 0.1, { decoupled: true })).toBeCloseTo(-5.322, 3);
  });
});
