import { expect, it } from "vitest";
import { createMethod, resolveConfig, viewsAt } from "../methods/registry.ts";
import { withColorForm } from "./color-form.ts";

const simclr = (own = {}) => resolveConfig({ flags: { method: "simclr", size: 32, encoder: "resnet18", ...own } });
const formOf = (config: ReturnType<typeof simclr>) => viewsAt(config, config.size)[0]!.colorForm;

it("settles auto by the device, and leaves what was asked for as it is", () => {
  expect(simclr().color_form).toBe("auto");
  expect(withColorForm(simclr(), "cpu").color_form).toBe("exact");
  for (const device of ["cuda:0", "mps"]) expect(withColorForm(simclr(), device).color_form).toBe("fused");
  for (const color_form of ["exact", "fused"]) {
    for (const device of ["cpu", "cuda:0"]) {
      expect(withColorForm(simclr({ color_form }), device)).toEqual(simclr({ color_form }));
    }
  }
  const mae = resolveConfig({ flags: { method: "mae" } });
  expect(withColorForm(mae, "cuda:0")).toBe(mae);
});

it("is what views are painted with, exact where no device is known", () => {
  expect(formOf(simclr())).toBe("exact");
  expect(formOf(withColorForm(simclr(), "cpu"))).toBe("exact");
  expect(formOf(withColorForm(simclr(), "cuda:0"))).toBe("fused");
  const method = createMethod(withColorForm(simclr(), "cuda:0"));
  expect(method.views[0]!.colorForm).toBe("fused");
  method.dispose();
});
