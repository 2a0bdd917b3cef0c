// Says of work that takes long that it is still under way, and what to do about it: a terminal, or a log, that stands still says nothing.

/** Times in seconds after which it is said. */
const AFTER = [30, 120, 240];

/** The work that is under way now, for {@link saidWhenLong}. */
export interface LongWork {
  /** That something else has begun. */
  begin(what: string): void;
  /** That there is no more to say. */
  end(): void;
}

/**
 * Tells `say` where one piece of work takes long.
 *
 * @param advice what ends it sooner, for the first time that it is said
 */
export function saidWhenLong(say: (line: string) => void, advice: string): LongWork {
  let timers: NodeJS.Timeout[] = [];
  let advised = false;
  const end = () => {
    for (const timer of timers) clearTimeout(timer);
    timers = [];
  };
  const begin = (what: string) => {
    end();
    timers = AFTER.map((seconds) =>
      setTimeout(() => {
        say(`still ${what}, ${seconds} s by now${advised ? "" : `; ${advice}`}`);
        advised = true;
      }, seconds * 1000).unref(),
    );
  };
  return { begin, end };
}
