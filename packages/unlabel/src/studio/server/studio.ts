// The studio on a port.

import type { Work } from "../atlas/work.ts";
import { Folders } from "../runs/folders.ts";
import { type Pace, RunLibrary } from "../runs/library.ts";
import { studioApp } from "./app.ts";
import { type Assets, builtAssets } from "./assets.ts";
import { Events } from "./events.ts";
import { type Access, addressOf, newAccess } from "./guard.ts";
import { serveLocally } from "./serve.ts";
import { endWork, useWork } from "./work.ts";

/** How it is served. */
export interface StudioOptions {
  /** 0 for any that is free. */
  port: number;
  /** What it listens on; this machine alone where absent. */
  host?: string | undefined;
  /** The pages' files; those that were built where absent. */
  assets?: Assets | undefined;
  /** How often files are looked at that nobody told about. */
  pace?: Pace | undefined;
  /** Works with LibTorch; a process of its own where absent. */
  work?: ((roots: readonly string[]) => Work) | undefined;
}

/** A studio that is served. */
export interface ServedStudio {
  /** With its token: whoever has it sees the runs. */
  address: string;
  port: number;
  access: Access;
  runs: RunLibrary;
  /** Ends the server. */
  close(): Promise<void>;
}

/** Serves the runs below some folders. @throws {UserError} where one is no folder, or the port is taken */
export async function serveStudio(given: readonly string[], options: StudioOptions): Promise<ServedStudio> {
  const { port, host, assets = builtAssets(), pace, work } = options;
  const folders = await Folders.of(given);
  const events = new Events();
  const runs = new RunLibrary(folders, events, pace);
  const access = newAccess();
  if (host !== undefined && host !== "localhost") access.host = host;
  const studio = { folders, runs, events };
  if (work) useWork(studio, work(folders.roots.map(({ real }) => real)));
  const app = studioApp(studio, access, assets);
  const served = await serveLocally(app, access, port);
  void runs.start();
  const close = async () => {
    endWork(studio);
    events[Symbol.dispose]();
    runs[Symbol.dispose]();
    await served.close();
  };
  return { address: addressOf(access), port: served.port, access, runs, close };
}
