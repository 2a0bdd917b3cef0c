import { linkSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { Kind, nativeReader } from "../base/native.ts";
import { temporaryFolder } from "../testing/data.ts";
import { listed, listedByNode, sizesByNode } from "./listed.ts";
import { walk } from "./walk.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

it("lists names of any kind in the order of JavaScript's texts, which that of their bytes is not", () => {
  const root = join(folder.path, "names");
  mkdirSync(root);
  // Of the last two the one is a pair of surrogates, which sort before the other and whose bytes come after it.
  const names = ["a b.jpg", "a\nb.jpg", "ä.jpg", "Z.jpg", "\u{1f600}.jpg", "\uff21.jpg"];
  for (const name of names) writeFileSync(join(root, name), name);
  const { images } = walk(root, "");
  expect(images).toEqual(names.sort().map((path) => ({ path, size: Buffer.byteLength(path) })));
});

it("asks for the sizes of many files on several threads, and has each beside its own name", () => {
  const root = join(folder.path, "many");
  mkdirSync(root);
  const originals = [0, 1, 2, 3, 4, 5, 6].map((size) => {
    const path = join(folder.path, `original-${size}`);
    writeFileSync(path, "x".repeat(size));
    return path;
  });
  const count = 3000;
  const nameOf = (i: number) => `${String(i).padStart(5, "0")}.jpg`;
  for (let i = 0; i < count; i++) linkSync(originals[i % 7]!, join(root, nameOf(i)));
  expect(walk(root, "").images).toEqual(Array.from({ length: count }, (_, i) => ({ path: nameOf(i), size: i % 7 })));
});

it("tells what links lead to, and what leads nowhere", () => {
  const root = join(folder.path, "links");
  mkdirSync(join(root, "images"), { recursive: true });
  writeFileSync(join(root, "images", "one.jpg"), "1");
  writeFileSync(join(root, "note.txt"), "a note");
  symlinkSync("images/one.jpg", join(root, "link.jpg"));
  symlinkSync("nowhere", join(root, "lost.jpg"));
  symlinkSync("note.txt", join(root, "a-note.txt"));
  symlinkSync("images", join(root, "more"));
  const asked = ["link.jpg", "lost.jpg", "more", "note.txt"];
  const size = statSync(join(root, "images")).size;
  const told = {
    sizes: Float64Array.of(1, -1, size, 6),
    kinds: Uint8Array.of(Kind.file, Kind.gone, Kind.folder, Kind.file),
  };
  expect(nativeReader().fileSizes(root, asked.join("/"))).toEqual(told);
  expect(sizesByNode(root, asked)).toEqual(told);
  const all = {
    names: ["a-note.txt", "images", "link.jpg", "lost.jpg", "more", "note.txt"],
    kinds: Uint8Array.of(Kind.link, Kind.folder, Kind.link, Kind.link, Kind.link, Kind.file),
  };
  expect(listed(root)).toEqual(all);
  expect(listedByNode(root)).toEqual(all);
  const found = walk(root, "");
  expect(found.images).toEqual([
    { path: "images/one.jpg", size: 1 },
    { path: "link.jpg", size: 1 },
    { path: "lost.jpg", size: -1 },
  ]);
  expect(found.again).toEqual(["more"]);
  expect([...found.others]).toEqual([[".txt", { count: 2, example: "a-note.txt" }]]);
});

it("lists nothing of a folder that is gone, and no sizes in one", () => {
  const gone = join(folder.path, "gone");
  const native = nativeReader();
  expect(native.listFolder(gone)).toBeNull();
  expect(listedByNode(gone)).toBeNull();
  expect(native.fileSizes(gone, "a.jpg")).toEqual({ sizes: Float64Array.of(-1), kinds: Uint8Array.of(Kind.gone) });
  expect(native.fileSizes(folder.path, "")).toEqual({ sizes: new Float64Array(0), kinds: new Uint8Array(0) });
  expect(walk(gone, "").closed[0]?.error.message).toMatch(/Expected to list .*gone: ENOENT/);
});
