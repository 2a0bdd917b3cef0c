// The browser that tests, benches and pictures look through.
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { UserError } from "../base/errors.ts";

const CHROMIUM = "/usr/bin/chromium";

/** Whether there is a browser. */
export const hasChromium = existsSync(CHROMIUM);

/** Headless, without a GPU. @throws {UserError} where there is none, and how to have one */
export async function launchChromium(): Promise<Browser> {
  if (!hasChromium)
    throw new UserError(`Expected Chromium at ${CHROMIUM}, found none; this installs it: npm run setup -- --test`);
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
}
