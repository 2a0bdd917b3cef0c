import { expect, it } from "vitest";
import { searchSheet } from "./search-sheet.ts";

it("the page shows the query and what was found, in order, with names as text and nothing to load", () => {
  const path = 'val/<img src=x onerror="alert(1)">.png';
  const result = {
    query: "queries/cat.png",
    data: "images",
    found: [
      { path, split: "val" as const, class: "A & B", similarity: 0.98765 },
      { path: "train/two.png", split: "train" as const, class: null, similarity: 0.5 },
    ],
    images: 20,
    skipped: 0,
    step: 42,
    weights_average: 0.999,
    size: 64,
    cached: true,
    seconds: 1,
  };
  const page = searchSheet(result, [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)], 160);
  expect(page.match(/src="data:image\/jpeg;base64,[^"]+"/g)).toEqual(
    ["AQ==", "Ag==", "Aw=="].map((code) => `src="data:image/jpeg;base64,${code}"`),
  );
  expect(page).not.toContain("<img src=x");
  expect(page).toContain("&lt;img src=x");
  expect(page).toContain("A &amp; B");
  expect(page).toContain("features after step 42, averaged weights (decay 0.999).");
  expect(page.indexOf("0.988")).toBeLessThan(page.indexOf("0.500"));
  expect(page).not.toMatch(/(src|href)="(?!data:)/);
});
