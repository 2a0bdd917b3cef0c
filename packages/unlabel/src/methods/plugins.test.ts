import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { defineMethod } from "./define.ts";
import { loadPlugin } from "./plugins.ts";
import { addMethod, methodNamed, methods } from "./registry.ts";
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
  await expect(loadPlugin(folder.path)).rejects.toThrow(/Expected .* to load as a module|Expected a file/);
});

it("adds all methods of a file or none, so that it can be mended and loaded again", async () => {
  const shape = "schema: {}, views: () => [], create: () => null";
  const text = (second: string) =>
    `const method = (name) => ({ about: { name, presets: { small: {} } }, ${shape} });
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
