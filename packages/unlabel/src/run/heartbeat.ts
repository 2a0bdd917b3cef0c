// Signs of life: a thread of its own touches a file every few seconds, however long native calls hold up the JavaScript thread, so that
// others can tell a live holder from a dead one where they cannot see its process.
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { Worker } from "node:worker_threads";

/** How often, in milliseconds. */
export const BEAT_MS = 10_000;

/** A thread shares no module with its maker, so its program is text; a file that is no longer the holder's ends it. */
const PROGRAM = `
const { workerData: { file, content, every } } = require("node:worker_threads");
const { openSync, readFileSync, writeSync } = require("node:fs");
try {
  const open = openSync(file, "r+");
  if (readFileSync(open, "utf8") === content) setInterval(() => { try { writeSync(open, content[0], 0); } catch {} }, every);
} catch {}
`;

/**
 * Touches `file` until disposed of, as long as it holds `content`: its first character is written again, so that the file's time is
 * the file system's and no other machine's clock counts. Another file of that name, put there later, is left alone.
 */
export function beat(file: string, content: string, every = BEAT_MS): Disposable {
  let end: () => void = () => {};
  // Not before the work begins: a lock that is given back at once needs no thread.
  const soon = setImmediate(() => {
    end = inThread(file, content, every);
  });
  soon.unref();
  return {
    [Symbol.dispose]: () => {
      clearImmediate(soon);
      end();
    },
  };
}

function inThread(file: string, content: string, every: number): () => void {
  let end: (() => void) | null = null;
  const instead = (error: Error) => {
    if (end !== null) return;
    process.emitWarning(`No thread tells that ${file} is in use, so it is told between steps alone: ${error.message}`);
    end = here(file, content, every);
  };
  try {
    const resourceLimits = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 };
    const worker = new Worker(PROGRAM, {
      eval: true,
      execArgv: [],
      workerData: { file, content, every },
      resourceLimits,
    });
    worker.unref();
    worker.on("error", instead);
    return () => {
      end?.();
      end = () => {};
      void worker.terminate();
    };
  } catch (error) {
    instead(error instanceof Error ? error : new Error(String(error)));
    return () => end?.();
  }
}

/** The same on this thread, between its work. */
function here(file: string, content: string, every: number): () => void {
  const open = openSync(file, "r+");
  if (readFileSync(open, "utf8") !== content) return () => closeSync(open);
  const timer = setInterval(() => writeSync(open, content[0]!, 0), every);
  timer.unref();
  return () => {
    clearInterval(timer);
    closeSync(open);
  };
}
