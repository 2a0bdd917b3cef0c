import { describe, expect, it } from "vitest";
import { allBeside, mergeSection, replaceSection, sectionOf } from "./document.ts";
import { markdownTable, row } from "./row.ts";

const page =
  "before\n\n<!-- bench:a -->\n\nold\n\n<!-- /bench:a -->\n\nbetween\n<!-- bench:ab -->\n<!-- /bench:ab -->\nafter\n";

describe("sections of docs/benchmarks.md", () => {
  it("replaces what stands between a name's markers, and nothing else", () => {
    const changed = replaceSection(page, "a", "new");
    expect(changed).toBe(page.replace("old", "new"));
    expect(replaceSection(page, "ab", "new")).toContain("old\n\n<!-- /bench:a -->");
    expect(sectionOf(replaceSection(page, "ab", "new"), "ab")).toBe("new");
    expect(replaceSection(changed, "a", "old")).toBe(page);
  });

  it("takes $ and the like in what is put in as they are", () => {
    expect(sectionOf(replaceSection(page, "a", "$& $1 $$"), "a")).toBe("$& $1 $$");
  });

  it.each(["b", "train"])("refuses a name without markers: %s", (name) => {
    expect(() => replaceSection(page, name, "new")).toThrow(`Expected the lines <!-- bench:${name} -->`);
  });

  it("refuses markers in the wrong order", () => {
    expect(() => replaceSection("<!-- /bench:a --><!-- bench:a -->", "a", "")).toThrow("Expected the lines");
  });
});

describe("parts of a table", () => {
  const measured = (command: string, day: number) => `Measured 2026-11-0${day} by \`${command}\`:  \nCPU`;
  const section = (rows: Parameters<typeof markdownTable>[0], command: string, day: number) =>
    `${markdownTable(rows)}\n\n${measured(command, day)}`;
  const whole = section([row("a", "images/s", 1, 2), row("b", "images/s", 3, 4)], "bench train", 1);

  it("replace the rows that they name and leave the others, with the words of both below", () => {
    const merged = mergeSection(whole, section([row("b", "images/s", 5, 4)], "bench train --rows 'b'", 2));
    const expected = [row("a", "images/s", 1, 2), row("b", "images/s", 5, 4)];
    const words = [measured("bench train", 1), measured("bench train --rows 'b'", 2)];
    expect(merged).toBe([markdownTable(expected), ...words].join("\n\n"));
  });

  it("measured again say so once", () => {
    const once = mergeSection(whole, section([row("b", "images/s", 5, 4)], "bench train --rows 'b'", 2));
    const twice = mergeSection(once, section([row("b", "images/s", 6, 4)], "bench train --rows 'b'", 3));
    expect(twice.match(/Measured/g)).toHaveLength(2);
    expect(twice).toContain("2026-11-03");
    expect(twice).not.toContain("2026-11-02");
  });

  it("take away the words of those whose rows have all been measured again", () => {
    const first = mergeSection(whole, section([row("b", "images/s", 5, 4)], "bench train --rows 'b'", 2));
    expect(first).toContain(measured("bench train", 1));
    const merged = mergeSection(first, section([row("a", "images/s", 6, 4)], "bench train --rows 'a'", 3));
    expect(merged.split("\n\n").slice(1)).toEqual([
      measured("bench train --rows 'b'", 2),
      measured("bench train --rows 'a'", 3),
    ]);
  });

  it("bring columns and rows that there were not", () => {
    const part = section([row("c", "images/s", 1, 2, { floor: 0.5, note: "one worker" })], "bench train --rows c", 2);
    const merged = mergeSection(whole, part);
    expect(merged.split("\n").slice(0, 5)).toEqual([
      "|  | ours | peer |  | ratio | of floor | note |",
      "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
      "| a | 1.00 | 2.00 | images/s | 0.50 × | – |  |",
      "| b | 3.00 | 4.00 | images/s | 0.75 × | – |  |",
      "| c | 1.00 | 2.00 | images/s | 0.50 × | 50 % | one worker |",
    ]);
  });

  it("go beside the others only where all speak of one commit", () => {
    const of = (...commands: string[]) => commands.map((command, i) => measured(command, i + 1)).join("\n\n");
    expect(allBeside(of("npm run bench -- train --against 8ae210b192"), "8ae210b192")).toBe(true);
    const some = of(
      "npm run bench -- train --against 8ae210b192",
      "npm run bench -- train --against 78914f33c7 --rows 'b'",
    );
    expect([allBeside(some, "8ae210b192"), allBeside("Not run yet.", "8ae210b192")]).toEqual([false, false]);
  });

  it("begin a section that is empty", () => {
    expect(mergeSection("", whole)).toBe(whole);
  });
});
