// The process that holds LibTorch, runs and images for the studio: takes requests from its parent, answers, and ends with it.
import { UserError } from "../../base/errors.ts";
import { Atlas } from "./atlas.ts";
import type { FromWork, ToWork } from "./requests.ts";

/** As often as a page is told how far something is. */
const TELL_MS = 200;

const roots = JSON.parse(process.env.UNLABEL_STUDIO_ROOTS ?? "[]") as string[];
const atlas = new Atlas(roots);
const running = new Map<number, AbortController>();
const send = (message: FromWork) => void process.send?.(message);

process.on("message", (message: ToWork) => {
  if ("cancel" in message) {
    running.get(message.id)?.abort();
    return;
  }
  const { id, kind, ask } = message;
  const stop = new AbortController();
  running.set(id, stop);
  let told = 0;
  let before = "";
  const tell = (words: string, share: number | null) => {
    const now = performance.now();
    if (words === before && now - told < TELL_MS) return;
    [told, before] = [now, words];
    send({ id, words, share });
  };
  atlas
    .answer(kind, ask as never, { tell, signal: stop.signal })
    .then(
      (answer) => send({ id, answer }),
      (error: unknown) => {
        const mine = error instanceof UserError;
        if (!mine)
          process.stderr.write(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
        send({ id, error: error instanceof Error ? error.message : String(error), mine });
      },
    )
    .finally(() => running.delete(id));
});
// Ctrl-C in a terminal reaches it too: the parent says when it is over.
process.on("SIGINT", () => {});
process.on("disconnect", () => {
  // A labelling session gives its file back.
  void atlas[Symbol.asyncDispose]().finally(() => process.exit(0));
});
