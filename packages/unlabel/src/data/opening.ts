// How far the opening of a large data set is: files listed, shards gone through. Whoever speaks to people listens; by default nobody does.

/** What is known while a data set is opened. */
export interface Opening {
  /** DATA, as it was given. */
  root: string;
  /** How many are done. */
  done: number;
  /** Of how many; null where that is not known yet. */
  total: number | null;
  /** What they are, and what is done with them: `images listed`. */
  what: string;
}

let listener: ((opening: Opening | null) => void) | null = null;
let name = "";
let depth = 0;

/** Has `to` told how far an opening is, and null once it is over; of several at once, of one. */
export function listenToOpening(to: ((opening: Opening | null) => void) | null): void {
  listener = to;
}

/** Until it is disposed of, a data set is being opened. Openings within it are part of it. */
export function opening(root: string): Disposable {
  if (depth++ === 0) name = root;
  return {
    [Symbol.dispose]: () => {
      if (--depth === 0) listener?.(null);
    },
  };
}

/**
 * Tells how far it is; to be called often, also from within a loop that gives nobody else a turn.
 *
 * @param what plural, and what is done with them
 */
export function tellOpening(what: string, done: number, total: number | null = null): void {
  if (depth > 0) listener?.({ root: name, done, total, what });
}
