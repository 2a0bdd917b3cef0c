// What browsers run, as scripts/pages.mjs bundled it into dist; also where this file is run from its source.
import { readFileSync } from "node:fs";
import { UserError } from "../../base/errors.ts";

/** The pages' files. */
export interface Assets {
  script: string;
  style: string;
}

/** Reads a bundled file. @throws {UserError} where it has not been built */
export function builtPage(name: string): string {
  const own = new URL(`../pages/${name}`, import.meta.url);
  const built = new URL(own.href.replace(/\/src\/studio\/pages\/([\w.]+)$/, "/dist/studio/pages/$1"));
  try {
    return readFileSync(built, "utf8");
  } catch (error) {
    throw new UserError(`Expected a page's script at ${built.pathname}, got none; build it: npm run build`, {
      cause: error,
    });
  }
}

/** The studio's. @throws {UserError} where they have not been built */
export function builtAssets(): Assets {
  return { script: builtPage("studio.js"), style: builtPage("studio.css") };
}
