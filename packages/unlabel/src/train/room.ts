// A full disk does not end a training: it waits until there is room, or until it is asked to stop.
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { isDiskFull } from "../base/files.ts";
import { bytesInWords } from "../base/text.ts";
import type { Progress } from "./progress.ts";
import type { StopRequest } from "./stop.ts";

/** Between one try and the next. */
const RETRY_MS = 3000;
// So soon a waiting training hears that it should stop.
const POLL_MS = 100;

/** The training was asked to stop while the disk was full: what was to be written is not. */
export class NoRoom extends Error {
  override name = "NoRoom";
}

export interface RoomOptions {
  /** Where it is written. */
  folder: string;
  progress: Pick<Progress, "log">;
  stop: Pick<StopRequest, "signal">;
  /** What stays where the training is stopped now: `the checkpoint of step 20`. */
  kept: string;
  retryMs?: number;
}

/**
 * Runs `write`, again and again while the disk is full.
 *
 * @param what is written and how much it is: `the checkpoint of step 40 (45.1 MB)`
 * @throws {NoRoom} where the disk is full and the training was asked to stop
 */
export async function withRoom(
  what: string,
  write: () => void | Promise<void>,
  { folder, progress, stop, kept, retryMs = RETRY_MS }: RoomOptions,
): Promise<void> {
  for (let announced = false; ; announced = true) {
    try {
      await write();
      if (announced) progress.log("There is room again: training goes on.");
      return;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (!announced) {
        progress.log(`Out of disk: no room for ${what} in ${folder}, where ${free(folder)} are free. Training waits`);
        progress.log(`and tries again every ${retryMs / 1000} seconds: free some space. Ctrl-C leaves; ${kept} stays.`);
      }
      for (let waited = 0; waited < retryMs; waited += POLL_MS) {
        if (stop.signal !== null) throw new NoRoom(`no room for ${what}`, { cause: error });
        await setTimeout(Math.min(POLL_MS, retryMs - waited));
      }
    }
  }
}

function free(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (!existsSync(at) && at !== dirname(at)) continue;
    const { bavail, bsize } = statfsSync(at);
    return bytesInWords(bavail * bsize);
  }
}
