// Damaged and hostile files: each is read, or refused in words; none crashes, hangs or runs anything. `npm run fuzz -- --only weights`
// reads 10,000 and more of them in a watched process.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { inspected } from "../packages/unlabel/src/encoders/weights/inspect.ts";
import { openWeights } from "../packages/unlabel/src/encoders/weights/open-weights.ts";
import { weightsFile } from "../packages/unlabel/src/testing/weights.ts";
import { mutate } from "./mutate.ts";
import { randomFrom } from "./random.ts";

const folder = mkdtempSync(join(tmpdir(), "unlabel-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));

const CASES = 60;

it.each([
  "dtypes.pth",
  "dtypes5.pth",
  "dtypes_old.pth",
  "evil.pth",
  "evil2.pkl",
  "mae_like_old.pth",
  "timm/model.safetensors",
])(`${CASES} damaged %s are read or refused in words`, async (name) => {
  const whole = readFileSync(weightsFile(name));
  const outcomes = { read: 0, refused: 0 };
  for (let seed = 0; seed < CASES; seed++) {
    const path = join(folder, name.replaceAll("/", "-"));
    writeFileSync(path, mutate(whole, randomFrom(seed), ["pickle"]));
    try {
      const source = await openWeights(path);
      for (const entry of source.entries) expect(entry.bytes().length).toBeLessThan(1 << 27);
      JSON.stringify(inspected(source));
      source.close();
      outcomes.read++;
    } catch (error) {
      if (!(error instanceof UserError)) throw new Error(`seed ${seed}: ${error}`, { cause: error });
      expect(error.message.length).toBeLessThan(4000);
      outcomes.refused++;
    }
  }
  expect(outcomes.read + outcomes.refused).toBe(CASES);
  expect(outcomes.refused).toBeGreaterThan(5);
  expect(existsSync("unlabel-was-here")).toBe(false);
});
