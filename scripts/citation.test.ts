// CITATION.cff says of the software what the packages say.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { PUBLISHED, ROOT } from "./contents.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

it("cites this version, its licence and its authors", () => {
  const citation = parse(read("CITATION.cff"));
  // With the authors, the keys that the format requires.
  expect(citation).toMatchObject({ "cff-version": "1.2.0", type: "software" });
  expect(citation.message).toMatch(/cite/);
  expect(citation.title).toMatch(/^unlabel/);
  for (const folder of Object.values(PUBLISHED)) {
    const { version, license } = JSON.parse(read(`${folder}/package.json`));
    expect(citation).toMatchObject({ version, license });
  }
  expect(citation.authors.map(({ name }: { name: string }) => `(c) 2026 ${name}`)).toEqual([
    expect.toSatisfy((holder: string) => read("LICENSE").includes(holder)),
  ]);
});
