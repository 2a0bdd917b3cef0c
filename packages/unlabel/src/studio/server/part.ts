// The studio is made of parts: each answers some addresses, and all share what there is.
import type { Hono } from "hono";
import type { Folders } from "../runs/folders.ts";
import type { RunLibrary } from "../runs/library.ts";
import type { Events } from "./events.ts";

/** What all parts share. */
export interface Studio {
  /** What may be read: nothing outside the folders that were given. */
  folders: Folders;
  /** The runs found there. */
  runs: RunLibrary;
  /** The line to the pages. */
  events: Events;
}

/** Answers addresses of its own. Whatever needs LibTorch imports it within an answer. */
export type Part = (app: Hono, studio: Studio) => void;
