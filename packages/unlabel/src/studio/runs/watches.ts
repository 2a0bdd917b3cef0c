// What the file system tells of folders, as far as it does: a system that has no watches left, or a drive that tells nothing, is no
// error, since whoever asks looks by itself as well.
import { type FSWatcher, watch } from "node:fs";

/** Folders watched; systems have a limit of some thousands for all programs of a user. */
const MOST = 2_000;

/** Watches on folders, each for its own entries alone. */
export class Watches implements Disposable {
  readonly #onChange: (folder: string) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  /** Once the system has refused one, no more are asked for. */
  #refused = false;

  /** @param onChange hears of each folder in which something changed */
  constructor(onChange: (folder: string) => void) {
    this.#onChange = onChange;
  }

  /** Watches a folder, once. */
  watch(folder: string): void {
    if (this.#refused || this.#watchers.has(folder) || this.#watchers.size >= MOST) return;
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#onChange(folder));
      watcher.on("error", () => this.leave(folder));
      this.#watchers.set(folder, watcher);
    } catch {
      this.#refused = true;
    }
  }

  /** Watches it no more. */
  leave(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  [Symbol.dispose](): void {
    for (const folder of [...this.#watchers.keys()]) this.leave(folder);
  }
}
