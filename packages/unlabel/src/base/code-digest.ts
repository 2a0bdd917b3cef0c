// Whether two copies of unlabel are the same code: machines of one cluster are easily left with different ones.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The first 12 digits of the SHA-256 of all modules below a folder with their names; by default of this package as it runs. */
export function codeDigest(folder = join(import.meta.dirname, "..")): string {
  const hash = createHash("sha256");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const name of names.filter((one) => /\.(?:js|mjs|ts)$/.test(one) && !/\.(?:d|test)\.ts$/.test(one)).sort())
    hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
  return hash.digest("hex").slice(0, 12);
}
