// The labelling page on a port of this machine.
import { readFileSync } from "node:fs";
import { UserError } from "../../base/errors.ts";
import type { Labelling } from "../../label/labelling.ts";
import { addressOf, newAccess } from "../server/guard.ts";
import { serveLocally } from "../server/serve.ts";
import { labelApp } from "./app.ts";

/** A page that is served. */
export interface ServedLabelling {
  /** With its token: whoever has it may label. */
  address: string;
  /** Ends the server. */
  close(): Promise<void>;
}

/** Serves a labelling session. @param port 0 for any that is free @throws {UserError} where the port is taken */
export async function serveLabelling(
  labelling: Labelling,
  port: number,
  onFinish: () => void,
): Promise<ServedLabelling> {
  const access = newAccess();
  const app = labelApp({ labelling, access, script: pageScript(), onFinish });
  const { close } = await serveLocally(app, access, port);
  return { address: addressOf(access), close };
}

/** The page's script as it was compiled, also where this file is run from its source. */
export function pageScript(): string {
  const own = new URL("../pages/label.js", import.meta.url);
  const built = new URL(own.href.replace(/\/src\/studio\/pages\/label\.js$/, "/dist/studio/pages/label.js"));
  try {
    return readFileSync(built, "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, "");
  } catch (error) {
    throw new UserError(`Expected the page's script at ${built.pathname}, got none; build it: npm run build`, {
      cause: error,
    });
  }
}
