import { describe, expect, it } from "vitest";
import { lastWords } from "./on-terminal.ts";
import { COUNTS, type Measured, rowNames, rowsOf } from "./scale-large.ts";

/** All that grows grows as `count ** exponent`. */
function measured(exponent: number): Measured[] {
  return COUNTS.map((count) => {
    const seconds = (count / COUNTS[0]!) ** exponent;
    const stages = {
      listed: seconds,
      again: seconds,
      first: seconds,
      order: seconds,
      check: seconds,
      resumed: seconds,
    };
    return { count, ...stages, memory: 100, checkMemory: null, silence: 0.4, after: "listing" };
  });
}

describe("very many images", () => {
  it("have a row for each stage of either form, by the largest count", () => {
    const names = rowsOf("folders", measured(1)).map(({ name }) => name);
    expect(names[0]).toBe("1,300,000 images in folders: listed");
    expect([...names, ...rowsOf("shards", measured(1)).map(({ name }) => name)]).toEqual(rowNames({ quick: false }));
  });

  it("tell the largest count's value, all of them, and how they grow", () => {
    const [linear] = rowsOf("folders", measured(1));
    expect(linear?.ours).toBeCloseTo(100, 9);
    expect(linear?.note).toBe("13,000: 1.00 s, 130,000: 10.00 s, 1,300,000: 100.00 s; exponent 1.00, at the end 1.00");
    expect(rowsOf("folders", measured(1.5))[0]?.note).toMatch(/exponent 1\.50, at the end 1\.50$/);
  });

  it("tell what was said before the longest silence, and what could not be measured", () => {
    const rows = new Map(rowsOf("shards", measured(1)).map((one) => [one.name.split(": ")[1], one]));
    expect(rows.get("longest silence on a terminal")?.note).toMatch(/1,300,000: 0\.40 s; after “listing”$/);
    expect(rows.get("peak memory of data check")).toMatchObject({ ours: null, note: expect.stringMatching(/^not /) });
  });
});

it("takes the last line that a person sees from what a terminal is sent", () => {
  expect(lastWords("one\r\ntwo\r\u001b[K 5% |██| 5/100\u001b[K\r\n")).toBe("5% |██| 5/100");
  expect(lastWords("\u001b[1mbold\u001b[22m\r\n\r\u001b[K")).toBe("bold");
  expect(lastWords("")).toBe("");
});
