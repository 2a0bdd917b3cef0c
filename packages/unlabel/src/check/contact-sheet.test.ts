// Which images stand for a data set.
import { describe, expect, it } from "vitest";
import { spreadOverClasses } from "./contact-sheet.ts";
import type { Seen } from "./look.ts";

/** So many images of each label, by name; the first of each cannot be read. */
function images(...counts: number[]): Seen[] {
  return counts.flatMap((count, label) =>
    Array.from(
      { length: count },
      (_, i) => ({ item: { path: `${label}-${i}`, label }, reason: i === 0 ? "gone" : null }) as Seen,
    ),
  );
}

const names = (seen: Seen[]) => seen.map(({ item }) => item.path);

describe("the contact sheet", () => {
  it("shows as many of each class, from all over it, and none that cannot be read", () => {
    expect(names(spreadOverClasses(images(9, 9), 4))).toEqual(["0-1", "0-5", "1-1", "1-5"]);
  });

  it("gives the room of small classes to others", () => {
    expect(names(spreadOverClasses(images(2, 5, 1), 4))).toEqual(["0-1", "1-1", "1-2", "1-3"]);
  });

  it("shows some classes where there are more than it has room for, and all images where there are few", () => {
    expect(names(spreadOverClasses(images(3, 3, 3, 3), 2))).toEqual(["0-1", "2-1"]);
    expect(names(spreadOverClasses(images(3), 24))).toEqual(["0-1", "0-2"]);
    expect(spreadOverClasses(images(1), 24)).toEqual([]);
  });
});
