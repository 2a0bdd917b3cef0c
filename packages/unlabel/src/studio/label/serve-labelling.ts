// The labelling page on a port of this machine.
import type { Labelling } from "../../label/labelling.ts";
import { builtPage } from "../server/assets.ts";
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
  const app = labelApp({ labelling, access, script: builtPage("label.js"), onFinish });
  const { close } = await serveLocally(app, access, port);
  return { address: addressOf(access), close };
}
