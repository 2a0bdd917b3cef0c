// A known data set brought to this machine with a bar, for `data fetch` and `demo`.
import { visible } from "../base/text.ts";
import type { Archive } from "../data/fetch/catalog.ts";
import type { Progress as ProgressBar } from "../train/progress.ts";

/**
 * Fetches, checks and unpacks an archive into `out`, with a bar on stderr; Ctrl-C ends it, and the same command goes on.
 *
 * @returns the folder, and whether it had to be fetched
 */
export async function fetchShown(archive: Archive, out: string): Promise<{ path: string; fetched: boolean }> {
  const [{ fetchArchive }, { Progress }] = await Promise.all([
    import("../data/fetch/fetch.ts"),
    import("../train/progress.ts"),
  ]);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  let progress: ProgressBar | undefined;
  try {
    return await fetchArchive(archive, {
      out,
      signal: stop.signal,
      onBytes: (done, total) => {
        if (total === null) return;
        progress ??= new Progress({ total: megabytes(total), start: megabytes(done), unit: "MB" });
        progress.update(megabytes(done), "", archive.name);
      },
      onFile: (count) => {
        if (count === 1) progress?.log("unpacking");
      },
      onRetry: (line) => (progress ? progress.log(line) : process.stderr.write(`${visible(line)}\n`)),
    });
  } finally {
    progress?.end();
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}
