// Losses, codes and heads of the methods with multi-crop, and MoCo's, against lightly's on the same numbers: fixtures/multi-crop.py.
import { readFileSync } from "node:fs";
import { noGrad, ones, scope, type Tensor, tensor } from "@unlabel/torch";
import { expect, it } from "vitest";
import { formulaNumbers } from "../../testing/reference.ts";
import { Centre } from "./centre.ts";
import { DinoHead } from "./dino-head.ts";
import { dino, dinoPatches } from "./dino-loss.ts";
import { queueContrast } from "./queue-contrast.ts";
import { sinkhorn } from "./sinkhorn.ts";
import { swav } from "./swav-loss.ts";

interface Measured {
  loss: number;
  grad_norm: number;
}

interface Fixture {
  sinkhorn: { epsilon: number; iterations: number; codes: number[] }[];
  swav: (Measured & { local: number; queue: number })[];
  dino: (Measured & { local: number; temperature: number; centre: number[] })[];
  patches: Measured & { counts: number[] };
  moco: (Measured & { queue: number })[];
  head: { out: number[]; grad_norm: number };
}

const expected = JSON.parse(
  readFileSync(new URL("../../../../../fixtures/multi-crop.json", import.meta.url), "utf8"),
) as Fixture;

function expectSame(leaf: Tensor, loss: (x: Tensor) => Tensor, { loss: value, grad_norm: norm }: Measured): void {
  const x = leaf.detach().requiresGrad_();
  const found = loss(x);
  found.backward();
  expect(found.item() / value).toBeCloseTo(1, 5);
  expect(x.grad!.linalgVectorNorm().item() / norm).toBeCloseTo(1, 4);
}

it("assigns as lightly's sinkhorn does", () => {
  scope(() => {
    for (const { epsilon, iterations, codes } of expected.sinkhorn) {
      const found = sinkhorn(formulaNumbers("scores", [12, 5]), { epsilon, iterations }).toNumbers();
      for (const [i, code] of codes.entries()) expect(found[i]).toBeCloseTo(code, 5);
    }
  });
});

it("has lightly's SwAV loss, with local views and with a queue", () => {
  scope(() => {
    for (const { local, queue, ...measured } of expected.swav) {
      const queued = queue ? [0, 1].map((view) => formulaNumbers(`queue${view}`, [queue, 5])) : [];
      expectSame(formulaNumbers("scores", [(2 + local) * 6, 5]), (x) => swav(x, 2 + local, { queued }).loss, measured);
    }
  });
});

it("has lightly's DINO loss, and moves the centre as it does", () => {
  scope(() => {
    for (const { local, temperature: teacherTemp, centre: after, ...measured } of expected.dino) {
      const teacher = formulaNumbers("teacher", [12, 7]);
      const centre = new Centre(7, 0.9);
      noGrad(() => centre.value.copy_(formulaNumbers("centre", [7]).mul(0.3)));
      const own = centre.call(teacher.mean([0]), { step: 5 }, 6);
      const loss = (x: Tensor) => dino(x, teacher, 6, { teacherTemp, centre: own }).loss;
      expectSame(formulaNumbers("student", [(2 + local) * 6, 7]), loss, measured);
      centre.move();
      for (const [i, value] of centre.value.toNumbers().entries()) expect(value).toBeCloseTo(after[i]!, 5);
    }
  });
});

it("has lightly's loss of iBOT's patches", () => {
  scope(() => {
    const { counts, ...measured } = expected.patches;
    const weights = counts.flatMap((count) => Array.from({ length: count }, () => 1 / count));
    const teacher = formulaNumbers("teacher", [weights.length, 7]);
    const options = { teacherTemp: 0.05, centre: formulaNumbers("centre", [7]).mul(0.3) };
    const loss = (x: Tensor) => dinoPatches(x, teacher, tensor(weights), counts.length, options);
    expectSame(formulaNumbers("student", [weights.length, 7]), loss, measured);
  });
});

it("has lightly's loss of MoCo", () => {
  scope(() => {
    for (const { queue, ...measured } of expected.moco) {
      const [keys, rows] = [formulaNumbers("keys", [6, 4]), formulaNumbers("bank", [queue, 4])];
      expectSame(formulaNumbers("queries", [6, 4]), (x) => queueContrast(x, keys, rows, 0.2).loss, measured);
    }
  });
});

it("has lightly's DINO head", () => {
  scope(() => {
    const head = new DinoHead(6, { hidden: 9, bottleneck: 4, out: 7 });
    const named = ([name, like]: [string, Tensor]) => {
      const [, layer, what] = /^mlp\.(\d)\.(\w+)$/.exec(name) ?? [];
      if (what) return [name, formulaNumbers(`${what}${Number(layer) / 2}`, like.shape)] as const;
      return [name, name.endsWith("weight_g") ? ones(like.shape) : formulaNumbers("last", like.shape)] as const;
    };
    head.loadStateDict(Object.fromEntries(Object.entries(head.stateDict()).map(named)));
    const out = head.call(formulaNumbers("features", [5, 6]));
    for (const [i, value] of out.toNumbers().entries()) expect(value).toBeCloseTo(expected.head.out[i]!, 5);
    out.square().sum().backward();
    expect(head.last_layer.weight_v.grad!.linalgVectorNorm().item() / expected.head.grad_norm).toBeCloseTo(1, 4);
  });
});
