// LeJEPA's and VISReg's losses against lightly's on the same numbers: fixtures/many-views.py.
import { readFileSync } from "node:fs";
import { scope, type Tensor } from "@unlabel/torch";
import { expect, it } from "vitest";
import { formulaNumbers } from "../../testing/reference.ts";
import { leJepa, sigReg } from "./sigreg.ts";
import { visReg } from "./visreg-loss.ts";

interface Measured {
  globals: number;
  locals: number;
  images: number;
  dim: number;
  slices: number;
  loss: number;
  grad_norm: number;
}

const expected = JSON.parse(
  readFileSync(new URL("../../../../../fixtures/many-views.json", import.meta.url), "utf8"),
) as Record<"sigreg" | "lejepa" | "visreg", Measured[]>;

type Views = Pick<Measured, "globals" | "locals">;

const ours: Record<string, (rows: Tensor, views: Views, directions: Tensor) => Tensor> = {
  sigreg: (rows, { globals, locals }, directions) =>
    sigReg(rows.reshape([globals + locals, -1, rows.shape[1]!]), directions),
  lejepa: (rows, views, directions) => leJepa(rows, views, directions, 0.05).loss,
  visreg: (rows, views, directions) => visReg(rows, views, directions, { regulation: 0.6 }).loss,
};

it.each(Object.entries(ours))("%s is lightly's, gradients too", (name, loss) => {
  for (const { globals, locals, images, dim, slices, ...found } of expected[name as "lejepa"]) {
    scope(() => {
      const views = globals + locals;
      const all = formulaNumbers("view", [views, images, dim]);
      const same = formulaNumbers("image", [1, images, dim]);
      const rows = same
        .add(all, { alpha: 0.5 })
        .reshape([views * images, dim])
        .detach()
        .requiresGrad_();
      const drawn = formulaNumbers("slices", [dim, slices]);
      const value = loss(rows, { globals, locals }, drawn.div(drawn.linalgVectorNorm(2, [0], true)));
      value.backward();
      expect(value.item() / found.loss).toBeCloseTo(1, 5);
      expect(rows.grad!.linalgVectorNorm().item() / found.grad_norm).toBeCloseTo(1, 4);
    });
  }
});
