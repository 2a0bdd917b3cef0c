import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CLASSES } from "./classes.ts";
import { baseOf, buildEmoji, type Emoji, listEmoji } from "./emoji.ts";

const emoji = listEmoji();
const named = (name: string) => emoji.find((one) => one.name === name)!;
const sides = (pick: (one: Emoji) => string) => {
  const found = new Map<string, Set<string>>();
  for (const one of emoji) found.set(pick(one), (found.get(pick(one)) ?? new Set()).add(one.split));
  return [...found].filter(([, splits]) => splits.size > 1).map(([key]) => key);
};

describe("the demo's classes", () => {
  it("take in every subcategory but the skin-tone swatches, each once", () => {
    expect(emoji).toHaveLength(1906);
    const parts = Object.values(CLASSES).flat();
    expect(new Set(parts).size).toBe(parts.length);
  });

  it("each have enough drawings on both sides", () => {
    for (const name of Object.keys(CLASSES)) {
      const own = emoji.filter((one) => one.class === name);
      const val = own.filter(({ split }) => split === "val").length;
      expect(own.length).toBeGreaterThanOrEqual(35);
      expect(val / own.length).toBeGreaterThan(0.15);
      expect(val / own.length).toBeLessThan(0.3);
    }
  });
});

describe("the demo's split", () => {
  it("takes gender, skin and direction off an emoji", () => {
    expect(baseOf("1F469-1F3FD-200D-1F33E")).toBe("P-1F33E");
    expect(baseOf("1F3C3-200D-2642-FE0F-200D-27A1-FE0F")).toBe("1F3C3");
    expect(baseOf("1F475")).toBe(baseOf("1F9D3"));
    expect(baseOf("1F468-200D-2764-FE0F-200D-1F469")).toBe(baseOf("1F491"));
    expect(baseOf("1F34E")).toBe("1F34E");
  });

  it("keeps variants of one emoji on one side", () => {
    expect(sides(({ code }) => baseOf(code))).toEqual([]);
    expect(named("WOMAN FARMER").group).toBe(named("MAN FARMER").group);
    expect(named("RUNNER").group).toBe(named("WOMAN RUNNING FACING RIGHT").group);
    expect(named("RUNNER").group).not.toBe(named("WOMAN FARMER").group);
  });

  it("keeps identical files on one side", () => {
    expect(named("Norway Flag").group).toBe(named("Bouvet Island Flag").group);
    for (const vendor of ["google", "twitter"] as const) {
      const content = ({ files }: Emoji) => createHash("sha256").update(readFileSync(files[vendor])).digest("hex");
      expect(sides(content)).toEqual([]);
    }
  });
});

describe("buildEmoji", () => {
  const root = mkdtempSync(join(tmpdir(), "unlabel-emoji-"));
  afterAll(() => rmSync(root, { recursive: true }));

  it("writes class folders and credits, the same again, and mends a torn folder", () => {
    const folder = join(root, "emoji");
    const counts = buildEmoji(folder);
    expect(counts.train + counts.val).toBe(2 * 1906);
    for (const side of ["train", "val"] as const) {
      expect(readdirSync(join(folder, side)).sort()).toEqual(Object.keys(CLASSES).sort());
      const files = readdirSync(join(folder, side), { recursive: true }).filter((name) =>
        String(name).endsWith(".png"),
      );
      expect(files).toHaveLength(counts[side]);
    }
    const credits = readFileSync(join(folder, "ATTRIBUTION.md"), "utf8");
    expect(credits).toContain("Apache License 2.0");
    expect(credits).toContain("CC BY 4.0");

    writeFileSync(join(folder, "mark"), "");
    expect(buildEmoji(folder)).toEqual(counts);
    expect(existsSync(join(folder, "mark"))).toBe(true);
    rmSync(join(folder, "ATTRIBUTION.md"));
    buildEmoji(folder);
    expect(existsSync(join(folder, "mark"))).toBe(false);
  });
});
