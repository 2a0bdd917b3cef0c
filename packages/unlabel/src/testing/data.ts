// Images for tests: the shared photographs where they are present, and tiny folders made on the spot.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp, { type Sharp } from "sharp";

const repository = join(import.meta.dirname, "..", "..", "..", "..");

/**
 * The shared data set of this name, or null where it is absent: `const root = dataRoot("imagenette")`, then
 * `it.runIf(root)(…)`. It lies in `UNLABEL_TEST_DATA`, by default `../shared/data` beside the repository.
 *
 * @throws {Error} where the others are there
 */
export function dataRoot(name: "imagenette" | "photos"): string | null {
  const root = join(process.env.UNLABEL_TEST_DATA ?? join(repository, "..", "shared", "data"), name);
  if (existsSync(root)) return root;
  const message = `Expected images in ${root}; set UNLABEL_TEST_DATA to the folder that holds ${name}/`;
  if (process.env.UNLABEL_REQUIRE_DATA === "1") throw new Error(message);
  console.warn(`Skipped: ${message}`);
  return null;
}

/**
 * One of the small inputs that were once misread (`shared/cases`, beside the shared data), or null where they are absent.
 *
 * @throws {Error} where it is absent and `UNLABEL_REQUIRE_DATA=1`
 */
export function caseRoot(name: string): string | null {
  const data = process.env.UNLABEL_TEST_DATA ?? join(repository, "..", "shared", "data");
  const cases = join(data, "..", "cases");
  const root = join(cases, name);
  if (existsSync(root)) return root;
  // The folder may be left out where there are images; a case that is not in it has been renamed.
  if (existsSync(cases)) throw new Error(`Expected the case ${name} in ${root}`);
  console.warn(`Skipped: Expected the case ${name} in ${root}`);
  return null;
}

/** A folder that is removed when the `using` block ends. */
export function temporaryFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "unlabel-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs `body` as a user whom permissions bind, as they do not bind root. */
export async function withoutPrivileges<T>(body: () => T | Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return body();
  const nobody = 65_534;
  process.seteuid?.(nobody);
  try {
    return await body();
  } finally {
    process.seteuid?.(0);
  }
}

/** Smooth colours that differ from `kind` to `kind`, `width × height × 3` bytes. */
export function samplePixels(width: number, height: number, kind = 0): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      data[at] = 127 + 120 * Math.sin((x * (kind + 1)) / 9 + kind);
      data[at + 1] = 127 + 120 * Math.cos((y * (kind + 1)) / 7);
      data[at + 2] = 127 + 120 * Math.sin((x + 2 * y) / (8 + kind));
    }
  }
  return data;
}

/** A sharp image of {@link samplePixels}, to be written in any format. */
export function sampleImage(width: number, height: number, kind = 0): Sharp {
  return sharp(samplePixels(width, height, kind), { raw: { width, height, channels: 3 } });
}

/** Writes one image a path (relative to `root`, format by extension); the paths' order gives each its own colours. */
export async function writeImages(root: string, paths: readonly string[], width = 24, height = width): Promise<void> {
  for (const [kind, path] of paths.entries()) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    await sampleImage(width, height, kind).toFile(join(root, path));
  }
}
