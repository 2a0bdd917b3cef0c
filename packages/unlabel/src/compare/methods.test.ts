import { expect, it } from "vitest";
import { ABOUTS } from "../methods/abouts.ts";
import { autoMethods } from "../methods/measured.ts";
import { methodsOf } from "./methods.ts";

it("takes every method for all, but those that cannot train the encoder, which it names", () => {
  expect(methodsOf("all", null)).toEqual({
    methods: ABOUTS.map(({ name }) => name).filter((name) => name !== "distill"),
    asked: { word: "all", why: "all that there are but Distillation, which needs a teacher" },
  });
  const { methods, asked } = methodsOf("all", "resnet18");
  expect(methods).toContain("simclr");
  for (const name of ["mae", "simmim", "ijepa"]) expect(methods).not.toContain(name);
  expect(asked.why).toMatch(
    /^all that there are but Distillation, which needs a teacher; MAE, .*I-JEPA.*, which cannot train resnet18$/,
  );
});

it("takes what the table says for auto, and says what it says", () => {
  const { methods, why } = autoMethods({ channels: 5 });
  expect(methodsOf("auto", null, { channels: 5 })).toEqual({ methods, asked: { word: "auto", why } });
});
