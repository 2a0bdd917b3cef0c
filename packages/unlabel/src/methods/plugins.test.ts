import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { randn } from "@unlabel/torch";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { stepOn } from "../testing/progress.ts";
import { gradients } from "../train/micro-batches.ts";
import { defineMethod } from "./define.ts";
import { loadPlugin } from "./plugins.ts";
import { addMethod, createMethod, methodNamed, methods, resolveConfig } from "./registry.ts";
import { about } from "./simclr/about.ts";
import { simclr } from "./simclr/method.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const file = (name: string, text: string) => {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
};

it.each([
  ["none.mjs", "export const a = 1;", /Expected a method, or a list of them, as default export of .*, got none/],
  ["text.mjs", "export default 'simclr';", /got string$/],
  ["empty.mjs", "export default [];", /Expected a method/],
  ["torn.mjs", "export default {", /Expected .*torn\.mjs to load as a module, got: /],
  ["throws.mjs", "throw new Error('no disk')", /got: no disk$/],
])("refuses %s in one line", async (name, text, message) => {
  await expect(loadPlugin(file(name, text))).rejects.toThrow(message);
});

it("says that a file is not there, and that a folder is none", async () => {
  await expect(loadPlugin(join(folder.path, "gone.mjs"))).rejects.toThrow("which is not there");
  await expect(loadPlugin(folder.path)).rejects.toThrow("which is no file");
  await expect(loadPlugin(" ")).rejects.toThrow("Expected a file for --plugin, got nothing");
});

it("adds all methods of a file or none, so that it can be mended and loaded again", async () => {
  const shape = "schema, views: () => [], create: () => null";
  const text = (second: string) =>
    `import { about } from ${JSON.stringify(new URL("./mae/about.ts", import.meta.url).href)};
     import { schema } from ${JSON.stringify(new URL("./mae/settings.ts", import.meta.url).href)};
     const method = (name) => ({ about: { ...about, name }, ${shape} });
     export default [method("first"), method("${second}")];`;
  const before = methods().length;
  await expect(loadPlugin(file("taken.mjs", text("simclr")))).rejects.toThrow(
    "a name that no method has yet, got simclr",
  );
  expect(methods()).toHaveLength(before);
  expect(await loadPlugin(file("whole.mjs", text("second")))).toEqual(["first", "second"]);
  expect(await loadPlugin(join(folder.path, "whole.mjs"))).toEqual(["first", "second"]);
  expect(methodNamed("second").about.name).toBe("second");
});

it("refuses names, presets and keys that cannot be, and takes a method away again", () => {
  const named = (changes: object, schema = {}) =>
    defineMethod({ ...simclr, about: { ...about, ...changes }, schema: { ...simclr.schema, ...schema } });
  expect(() => named({ name: "My-Method" })).toThrow('Expected a method\'s name of a-z and 0-9, got "My-Method"');
  expect(() => named({ name: "mine", presets: {} })).toThrow("Expected a preset small of method mine, got none");
  const lr = { lr: simclr.schema.temperature };
  expect(() => named({ name: "mine" }, lr)).toThrow("got lr, which every method has");
  {
    using _ = addMethod(named({ name: "mine" }));
    expect(methodNamed("mine").about.name).toBe("mine");
    expect(() => addMethod(named({ name: "mine" }))).toThrow("a name that no method has yet");
  }
  expect(() => methodNamed("mine")).toThrow(/got mine.*--plugin FILE/);
});

it("refuses presets that are not whole, and says which setting", () => {
  const made = (defaults: object) =>
    addMethod(
      defineMethod({ ...simclr, about: { ...about, name: "mine", defaults: { ...about.defaults, ...defaults } } }),
    );
  expect(() => made({ sharpness: 1 })).toThrow(
    /^Expected whole presets of method mine, got report with a fault: Unknown setting sharpness/,
  );
  expect(() => made({ hue: 5 })).toThrow(/got report with a fault: .*hue, got 5/);
});

describe("a method that is not as it should be", () => {
  const config = (name: string) => resolveConfig({ flags: { method: name, encoder: "resnet18", size: 32, batch: 4 } });
  const outcome = (name: string) => {
    const method = createMethod(config(name));
    return gradients({
      ...{ method, views: [randn([8, 3, 32, 32])], progress: stepOn(4), microBatch: null },
      ...{ device: "cpu", precision: "fp32" },
    });
  };
  it.each([
    ["views", { views: () => [] }, "Expected views of method wrong with count, size"],
    ["create", { create: () => ({}) as never }, "Expected create of method wrong to give a Method, got object"],
    [
      "nothing",
      { loss: () => undefined },
      "Expected { loss, logs } with a tensor for loss from the loss of method wrong, got undefined",
    ],
    ["a number", { loss: () => ({ loss: 1 }) }, "with a tensor for loss from the loss of method wrong, got number"],
    [
      "no scalar",
      { loss: () => ({ loss: randn([2]), logs: {} }) },
      "Expected a scalar from the loss of method wrong, got [2]",
    ],
    [
      "odd logs",
      { loss: () => ({ loss: randn([]), logs: { a: randn([3]) } }) },
      "Expected a scalar tensor for a of logs from the loss of method wrong, got [3]",
    ],
  ])("is told in words: %s", (_, changes, message) => {
    const { loss, ...others } = changes as { loss?: () => never };
    const create: typeof simclr.create = (parts) => {
      const method = simclr.create(parts);
      if (loss) method.loss = loss;
      return method;
    };
    const wrong = defineMethod({ ...simclr, create, ...others, about: { ...about, name: "wrong" } });
    using _added = addMethod(wrong);
    expect(() => outcome("wrong")).toThrow(message);
  });
});
