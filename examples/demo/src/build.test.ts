import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { ANIMALS } from "./animals.ts";
import { buildAnimals, drawingOf } from "./build.ts";
import { drawAnimal, EDGE, numbers } from "./draw.ts";

const names = Object.keys(ANIMALS);

describe("the demo's classes", () => {
  it("are animals of their own, which both artists drew", () => {
    expect(new Set(Object.values(ANIMALS)).size).toBe(names.length);
    const entries = JSON.parse(
      readFileSync(join(drawingOf("google", ""), "..", "..", "..", "..", "emoji.json"), "utf8"),
    ) as { unified: string; subcategory: string; has_img_google: boolean; has_img_twitter: boolean }[];
    for (const [name, code] of Object.entries(ANIMALS)) {
      const entry = entries.find(({ unified }) => unified === code);
      expect(entry, name).toMatchObject({ has_img_google: true, has_img_twitter: true });
      expect(entry!.subcategory, name).toMatch(/^animal-/);
      expect(existsSync(drawingOf("google", code)) && existsSync(drawingOf("twitter", code)), name).toBe(true);
    }
  });
});

describe("an image", () => {
  const pixels = async (key: string) =>
    sharp(await drawAnimal(drawingOf("google", ANIMALS.owl!), numbers(key)))
      .raw()
      .toBuffer({ resolveWithObject: true });

  it("is decided by its key alone, and holds the drawing on a plain ground", async () => {
    const [one, again, other] = await Promise.all([pixels("a"), pixels("a"), pixels("b")]);
    expect([one.info.width, one.info.height, one.info.channels]).toEqual([EDGE, EDGE, 3]);
    expect(one.data.equals(again.data)).toBe(true);
    expect(one.data.equals(other.data)).toBe(false);
    const counts = new Map<string, number>();
    for (let i = 0; i < one.data.length; i += 3) {
      const color = one.data.subarray(i, i + 3).toString("hex");
      counts.set(color, (counts.get(color) ?? 0) + 1);
    }
    const ground = Math.max(...counts.values()) / EDGE ** 2;
    expect(ground).toBeGreaterThan(0.3);
    expect(ground).toBeLessThan(0.95);
  });
});

describe("numbers", () => {
  it("are those of SHA-256, from 0 to 1", () => {
    const next = numbers("key");
    const block = (count: number) => createHash("sha256").update(`key ${count}`).digest();
    const expected = Array.from({ length: 8 }, (_, i) => block(0).readUInt32BE(4 * i) / 2 ** 32);
    expect(Array.from({ length: 8 }, next)).toEqual(expected);
    expect(next()).toBe(block(1).readUInt32BE(0) / 2 ** 32);
  });
});

describe("buildAnimals", () => {
  const root = mkdtempSync(join(tmpdir(), "unlabel-animals-"));
  afterAll(() => rmSync(root, { recursive: true }));

  it("writes class folders and credits, the same again, and mends a torn folder", async () => {
    const folder = join(root, "animals");
    const told: number[] = [];
    const each = { train: 4, val: 2 };
    const build = (tell?: (done: number, total: number) => void) => buildAnimals(folder, tell, each);
    const counts = await build((done, total) => told.push(done / total));
    expect(told.at(-1)).toBe(1);
    for (const side of ["train", "val"] as const) {
      expect(readdirSync(join(folder, side)).sort()).toEqual([...names].sort());
      for (const name of names) {
        const files = readdirSync(join(folder, side, name));
        expect(files).toHaveLength(each[side]);
        expect(files.filter((file) => file.endsWith("-google.png"))).toHaveLength(each[side] / 2);
      }
      expect(counts[side]).toBe(each[side] * names.length);
    }
    const credits = readFileSync(join(folder, "ATTRIBUTION.md"), "utf8");
    for (const words of ["Apache License 2.0", "CC BY 4.0", "lie in train and in val"])
      expect(credits).toContain(words);
    const files = readdirSync(folder, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith(".png"));
    const contents = files.map((name) =>
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    );
    expect(new Set(contents).size).toBe(files.length);

    writeFileSync(join(folder, "mark"), "");
    expect(await build()).toEqual(counts);
    expect(existsSync(join(folder, "mark"))).toBe(true);
    rmSync(join(folder, "ATTRIBUTION.md"));
    await build();
    expect(existsSync(join(folder, "mark"))).toBe(false);
  }, 300_000);
});
