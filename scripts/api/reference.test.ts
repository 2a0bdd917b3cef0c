// That nothing public goes undocumented unseen: each kind of thing that an export can be is told where it lacks a sentence.
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { operatorsPage } from "./index-page.ts";
import { PAGES, pageOf } from "./pages.ts";
import { readTexts } from "./program.ts";
import { makeReference, type Reference } from "./reference.ts";

const text = `
interface Hidden { a: number }
interface Known { a: number }
/** Documented. */
export interface Base {
  /** Documented. */
  a: number;
  bare: string;
}
export interface Bare extends Base {
  /** Documented. */
  b: number;
}
/** Documented. */
export interface Own extends Hidden {
  /** Documented. */
  b: number;
}
/** Documented. */
export type Options = {
  bare?: boolean;
  /** Documented. */
  said: string;
};
export type Choice = "a" | "b";
/** Documented. */
export class Thing {
  bare = 1;
  /** Documented. */
  said = 2;
  private own = 3;
  /** @internal */
  inner = 4;
  constructor() {}
  method(): void {}
  get size(): number { return this.own; }
  /** Documented. */
  work(): void {}
}
/** Documented. */
export class Other extends Thing {
  override work(): void {}
}
/** @param options what to take @throws {RangeError} where there are none */
export function tagged(options: Options): void {}
/** Documented, with a type that has no name outside. */
export function hidden({ a }: Hidden): number { return a; }
/** Documented. */
export function known(given: Known): number { return given.a; }
export const CONSTANT = 1;
/** Leads to {@link nowhere}. */
export const lost = 1;
`;

const ROOT = join(import.meta.dirname, "..", "..");
let made: Reference;

beforeAll(async () => {
  const pages = { text, "room/other": "/** Documented. */\nexport const other = 1;\n" };
  made = await makeReference(readTexts(ROOT, pages), { unlabel: ["text.page.ts:Known"] });
});

it("finds every kind of export and member without a sentence, and nothing else", () => {
  expect(made.missing.map((name) => name.replace("text: ", ""))).toEqual([
    "Base.bare",
    "Bare",
    "Own.a",
    "Options.bare",
    "Choice",
    "Thing.bare",
    "Thing.method",
    "Thing.size",
    "tagged",
    "CONSTANT",
  ]);
});

it("writes each export once, without what it has from another, and without a trace of this machine", () => {
  const page = [...made.files.values()].join("\n");
  expect(page).toMatch(/### Thing\n\nDocumented\./);
  expect(page).not.toContain("inner");
  expect(page).not.toContain(ROOT);
  expect(page).not.toContain("__namedParameters");
  expect(page).toContain("`RangeError` where there are none");
  expect([...made.places.values()]).toContain("text.md#thing");
  expect([...made.places.values()]).toContain("room/other.md#other");
});

it("complains of types without a name outside, unless they need none, and of links that lead nowhere", () => {
  expect(made.complaints.sort()).toEqual([
    expect.stringMatching(/"nowhere".*lost/),
    expect.stringMatching(/^Hidden, .*hidden/),
  ]);
});

it("has a page for every room, and asks for one where a room is new", () => {
  expect(pageOf("unlabel", "data/loader.ts")).toBe("unlabel/data");
  expect(pageOf("torch", "tensor.ts")).toBe("torch");
  expect(() => pageOf("unlabel", "attic/box.ts")).toThrow(
    /Expected a page for unlabel\/attic.*scripts\/api\/pages\.ts/,
  );
  expect(new Set(PAGES.map(({ name }) => name)).size).toBe(PAGES.length);
});

it("lists operators with their schemas, methods apart from functions", () => {
  const page = operatorsPage([
    { name: "relu", method: true, signature: "relu(): Tensor", schema: "`aten::relu(Tensor self) -> Tensor`" },
    { name: "cat", method: false, signature: "cat(tensors: readonly Tensor[]): Tensor", schema: "`aten::cat`" },
  ]);
  expect(page.indexOf("relu(): Tensor")).toBeLessThan(page.indexOf("## Functions"));
  expect(page.indexOf("cat(tensors")).toBeGreaterThan(page.indexOf("## Functions"));
});
