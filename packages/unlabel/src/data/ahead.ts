// Work that runs ahead of who uses it, in order and bounded.
import { setImmediate } from "node:timers/promises";

/**
 * Yields the tasks' results in order, with up to `depth` tasks under way or waiting to be taken.
 *
 * A consumer that blocks the JavaScript thread gives the tasks no time of their own: each take therefore lets the event loop turn
 * once, so that every task hands its next stage to the native threads, and `depth` should be the number of stages or more.
 */
export async function* ahead<T>(tasks: Iterator<() => Promise<T>>, depth: number): AsyncGenerator<T, void, void> {
  const queue: Promise<T>[] = [];
  const fill = () => {
    while (queue.length < depth) {
      const { value: task, done } = tasks.next();
      if (done) return;
      const promise = task();
      // It is awaited below; until then a failure is not unhandled.
      promise.catch(() => {});
      queue.push(promise);
    }
  };
  for (fill(); queue.length > 0; fill()) {
    await setImmediate();
    yield await queue.shift()!;
  }
}
