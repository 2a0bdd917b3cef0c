import { autocast, cat, grad, randn, scope, type Tensor, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { expectGradient, mean, rowsOf } from "../../testing/naive.ts";
import { Centre } from "./centre.ts";
import { DinoHead, NormalisedLinear } from "./dino-head.ts";
import { dino } from "./dino-loss.ts";

const softmax = (row: number[]) => {
  const exps = row.map(Math.exp);
  const total = exps.reduce((a, b) => a + b, 0);
  return exps.map((value) => value / total);
};

const loop = (student: number[][], teacher: number[][], images: number, centre: number[], temps: [number, number]) => {
  const [views, whole] = [student.length / images, teacher.length / images];
  const terms: number[] = [];
  for (let g = 0; g < whole; g++) {
    for (let v = 0; v < views; v++) {
      if (v === g) continue;
      for (let i = 0; i < images; i++) {
        const wanted = softmax(teacher[g * images + i]!.map((t, k) => (t - centre[k]!) / temps[1]));
        const given = softmax(student[v * images + i]!.map((s) => s / temps[0]));
        terms.push(-wanted.reduce((sum, p, k) => sum + p * Math.log(given[k]!), 0));
      }
    }
  }
  return mean(terms);
};

describe("dino", () => {
  it.each([
    [2, 2],
    [6, 2],
    [3, 1],
  ])("is the loop over pairs of views, gradients too: %i views, %i whole", (views, whole) => {
    scope(() => {
      const student = randn([views * 3, 5], { dtype: "float64" }).mul(0.3);
      const teacher = randn([whole * 3, 5], { dtype: "float64" }).mul(0.3);
      const centre = randn([5], { dtype: "float64" }).mul(0.3);
      const found = (s: Tensor) => dino(s, teacher, 3, { studentTemp: 0.1, teacherTemp: 0.05, centre });
      const byLoop = (rows: number[][]) => loop(rows, rowsOf(teacher), 3, centre.toNumbers(), [0.1, 0.05]);
      expect(found(student).loss.item()).toBeCloseTo(byLoop(rowsOf(student)), 10);
      expectGradient(student, (s) => found(s).loss, byLoop);
    });
  });

  it("gives the teacher and the centre no gradient, and is float32 under autocast", () => {
    scope(() => {
      const [student, teacher, centre] = [randn([8, 6]), randn([4, 6]), zeros([6])].map((x) => x.requiresGrad_());
      const { loss, logs } = autocast({ dtype: "bfloat16" }, () =>
        dino(student!, teacher!, 2, { teacherTemp: 0.04, centre: centre! }),
      );
      expect(loss.dtype).toBe("float32");
      loss.backward();
      expect([student!.grad === null, teacher!.grad, centre!.grad]).toEqual([false, null, null]);
      expect(Object.values(logs).some(({ requiresGrad }) => requiresGrad)).toBe(false);
    });
  });

  it("tells both ways in which a teacher says nothing: all the same, and all as likely", () => {
    scope(() => {
      const centre = zeros([8]);
      const student = randn([8, 8]);
      const sure = zeros([8, 8]);
      sure.select(1, 3).fill_(1);
      const same = dino(student, sure, 4, { teacherTemp: 0.04, centre }).logs;
      expect(same.outputs_in_use!.item()).toBeCloseTo(1, 3);
      expect(same.teacher_entropy!.item()).toBeLessThan(1e-6);
      const flat = dino(student, zeros([8, 8]), 4, { teacherTemp: 0.04, centre }).logs;
      expect(flat.outputs_in_use!.item()).toBeCloseTo(8, 3);
      expect(flat.teacher_entropy!.item()).toBeCloseTo(Math.log(8), 5);
    });
  });

  it("refuses outputs that are no views", () => {
    scope(() => {
      const options = { teacherTemp: 0.04, centre: zeros([3]) };
      expect(() => dino(zeros([4, 3]), zeros([4, 2]), 2, options)).toThrow("got [4, 3] and [4, 2]");
      expect(() => dino(zeros([5, 3]), zeros([4, 3]), 2, options)).toThrow("Expected outputs [V·2, K]");
      expect(() => dino(zeros([2, 3]), zeros([2, 3]), 2, options)).toThrow("V ≥ 2");
    });
  });
});

describe("Centre", () => {
  const at = (step: number) => ({ step });

  it("begins as the first step's mean and follows those of later ones", () => {
    scope(() => {
      const centre = new Centre(2, 0.9);
      const [one, two] = [zeros([2]).add(4), zeros([2]).add(10)];
      expect(centre.call(one, at(1)).toNumbers()).toEqual([4, 4]);
      centre.move();
      expect(centre.value.toNumbers()).toEqual([4, 4]);
      expect(centre.call(two, at(2)).toNumbers()).toEqual([4, 4]);
      centre.move();
      expect(centre.value.toNumbers()[0]).toBeCloseTo(0.9 * 4 + 0.1 * 10, 5);
      centre.move();
      expect(centre.value.toNumbers()[0]).toBeCloseTo(4.6, 5);
      expect([centre.parameters(), Object.keys(centre.stateDict())]).toEqual([[], ["value"]]);
    });
  });

  it("weighs the parts of a step by their rows, and forgets a step that was not finished", () => {
    scope(() => {
      const centre = new Centre(1, 0);
      centre.call(zeros([1]).add(99), at(4), 5);
      centre.call(zeros([1]).add(1), at(5), 3);
      centre.call(zeros([1]).add(5), at(5), 1);
      centre.move();
      expect(centre.value.item()).toBeCloseTo(2, 6);
    });
  });
});

describe("DinoHead", () => {
  it("ends in cosines with directions of length 1, which are all that may be frozen", () => {
    scope(() => {
      const head = new DinoHead(6, { hidden: 9, bottleneck: 4, out: 7 });
      const shapes = head.namedParameters().map(([name, { shape }]) => `${name} ${shape}`);
      expect(shapes).toEqual([
        ...["mlp.0.weight 9,6", "mlp.0.bias 9", "mlp.2.weight 9,9", "mlp.2.bias 9", "mlp.4.weight 4,9", "mlp.4.bias 4"],
        "last_layer.weight_v 7,4",
      ]);
      const x = randn([5, 6]).mul(100);
      for (const row of rowsOf(head.narrow(x))) expect(Math.hypot(...row)).toBeCloseTo(1, 5);
      const out = head.call(x);
      expect(out.abs().amax().item()).toBeLessThanOrEqual(1 + 1e-5);
      head.call(x, true).square().sum().backward();
      expect(head.last_layer.weight_v.grad).toBeNull();
      expect(head.mlp.parameters().every(({ grad }) => grad !== null)).toBe(true);
    });
  });

  it("trains lengths where asked, and no gradient goes along a row", () => {
    scope(() => {
      const layer = new NormalisedLinear(4, 3, { lengths: true });
      expect(layer.namedParameters().map(([name]) => name)).toEqual(["weight_g", "weight_v"]);
      const [g, v] = grad(
        layer
          .call(randn([2, 4]))
          .square()
          .sum(),
        [layer.weight_g, layer.weight_v],
      );
      expect(g!.shape).toEqual([3, 1]);
      const along = v!.mul(layer.weight_v.detach()).sum([1]).abs().amax().item();
      expect(along).toBeLessThan(1e-5);
      expect(cat([layer.weight_g]).mean().item()).toBe(1);
    });
  });
});
