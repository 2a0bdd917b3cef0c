import { join } from "node:path";
import { expect, it } from "vitest";
import { circles, importsOf, pageFaults, sourcesOf, TORCH_ROOMS, TREES, wrongArrows } from "./rooms.ts";

const tree = (files: Record<string, string>) => importsOf(new Map(Object.entries(files)));

it("lets a file import from its own room and from those before it", () => {
  const imports = tree({
    "train/loop.ts": 'import { a } from "../data/loader.ts";\nimport { b } from "./step.ts";\nimport zod from "zod";',
    "index.ts": 'export * from "./cli/main.ts";',
  });
  expect(imports).toHaveLength(3);
  expect(wrongArrows(imports)).toEqual([]);
});

it("names the arrow that points back, with the line and the mend, whatever its form", () => {
  for (const [form, line] of [
    ['\nimport { a } from "../train/loop.ts";', 2],
    ['import type { A } from "../train/loop.ts";', 1],
    ['export { a } from "../train/loop.ts";', 1],
    ['import {\n  a,\n  b,\n} from "../train/loop.ts";', 4],
    ['import "../train/loop.ts";', 1],
    ['const a = await import("../train/loop.ts");', 1],
    ['type A = import("../train/loop.ts").A;', 1],
  ] as const) {
    const [problem, ...others] = wrongArrows(tree({ "data/a.ts": form }));
    expect(others).toEqual([]);
    expect(problem).toBe(
      `data/a.ts:${line} imports train/loop.ts, but train comes later: data ← train. Move what both need into data or before it, or hand it in as a parameter`,
    );
  }
});

it("refuses rooms that stand beside each other, the library's door and files in no room", () => {
  const [beside] = wrongArrows(tree({ "data/a.ts": 'import "../encoders/vit.ts"' }));
  expect(beside).toContain("encoders stands beside it");
  const [door] = wrongArrows(tree({ "cli/a.ts": 'import "../index.ts"' }));
  expect(door).toContain("the library's door");
  const [loose] = wrongArrows(tree({ "loose.ts": 'import "./base/errors.ts"' }));
  expect(loose).toContain("loose.ts is in no room");
  const [elsewhere] = wrongArrows(tree({ "cli/a.ts": 'import "../attic/b.ts"' }));
  expect(elsewhere).toContain("attic/b.ts is in no room");
});

it("finds circles, of types too", () => {
  const imports = tree({
    "data/a.ts": 'import type { B } from "./b.ts"',
    "data/b.ts": 'import { c } from "./c.ts"',
    "data/c.ts": 'import type { A } from "./a.ts"',
    "data/d.ts": 'import { a } from "./a.ts"',
  });
  expect(circles(imports)).toEqual([
    "data/a.ts → data/b.ts → data/c.ts → data/a.ts is a circle: move what they share into a file of its own",
  ]);
});

it("takes the root of a tree for a room where its list has one", () => {
  const imports = tree({
    "tensor.ts": 'import { a } from "./handle.ts";',
    "nn/linear.ts": 'import { b } from "../tensor.ts";',
    "handle.ts": 'import { c } from "./nn/linear.ts";',
  });
  const [problem, ...others] = wrongArrows(imports, TORCH_ROOMS);
  expect(others).toEqual([]);
  expect(problem).toContain("handle.ts:1 imports nn/linear.ts, but nn comes later: . ← nn");
});

it("lets pages have values of pages and of numbers, of everything else types, and no way to make HTML of a name", () => {
  const faults = (text: string, file = "studio/pages/a.tsx") => pageFaults(new Map([[file, text]]));
  for (const fine of [
    'import { h } from "preact";',
    'import { b } from "./parts/b.tsx";\nimport "./a.css";',
    'import { percent } from "../../page/numbers.ts";',
    'import type { Row } from "../messages/runs.ts";',
    'import {\n  type Row,\n  type Column,\n} from "../messages/runs.ts";',
  ])
    expect(faults(fine)).toEqual([]);
  expect(faults('\nimport { type Row, make } from "../messages/runs.ts";')).toEqual([
    "studio/pages/a.tsx:2 imports values of studio/messages/runs.ts: pages import types alone, and values of other pages",
  ]);
  expect(faults('export * from "../server/app.ts";')).toHaveLength(1);
  expect(faults("node.innerHTML = name;")).toEqual([
    "studio/pages/a.tsx:1 has innerHTML: names come from strangers, and stay text",
  ]);
  expect(faults("node.innerHTML = name;", "page/html.ts")).toEqual([]);
});

it.each([
  ["packages/unlabel/src", 500],
  ["packages/torch/src", 100],
])("holds for %s as it is, of which it reads every import", (folder, least) => {
  const { rooms } = TREES.find((one) => one.folder === folder)!;
  const sources = sourcesOf(join(import.meta.dirname, "..", folder));
  const imports = importsOf(sources);
  expect(pageFaults(sources)).toEqual([]);
  expect(imports.length).toBeGreaterThan(least);
  expect(wrongArrows(imports, rooms)).toEqual([]);
  expect(circles(imports)).toEqual([]);
});
