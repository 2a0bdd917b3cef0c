// metrics.jsonl of one run, read once and gone on with as it grows: whole lines only, in slices between which the server answers others.
// Each metric is thinned as it streams by, every extreme kept, so that memory is bounded whatever the length of the file.
import { type Point, Series } from "../../run/read/series.ts";
import type { Folders, Opened } from "./folders.ts";
import { lineOf, metricsIn, type Row, rowsOf } from "./metric-lines.ts";

/** Bytes read at once. */
const PIECE = 1 << 20;
/** Lines parsed before others have their turn. */
const LINES_A_SLICE = 500;
/** A line longer than this is no metrics row. */
const LONGEST_LINE = 1 << 20;
/** Bytes before the end of what is read by which the same file is known again. */
const MARK = 256;
/** Metrics of a run; a stranger's file may name a new one in every line. */
const MOST_KEYS = 200;
/** While a long file is read, so many looks of so many bytes tell of the rest. */
const LOOKS = 300;
const LOOK = 2 * 1024;
const NEWLINE = 0x0a;

/** What one metrics.jsonl holds so far. */
export class MetricsIndex {
  readonly #folders: Folders;
  readonly #path: string;
  #series = new Map<string, Series>();
  #last: Row | null = null;
  #torn = 0;
  /** Bytes that are read: up to the end of a whole line. */
  #at = 0;
  /** The last bytes read, and where: a file that was cut back and has grown again has others there. */
  #mark: { from: number; bytes: Buffer } | null = null;
  #ino = -1;
  #size = 0;
  /** Within a line that is too long to be one. */
  #skipping = false;
  #going: Promise<boolean> | null = null;
  #ahead: Map<string, Point[]> | null = null;

  constructor(folders: Folders, path: string) {
    [this.#folders, this.#path] = [folders, path];
  }

  /** By metric, and `seconds`. */
  get series(): ReadonlyMap<string, Series> {
    return this.#series;
  }

  get last(): Row | null {
    return this.#last;
  }

  /** Lines that a crash tore. */
  get torn(): number {
    return this.#torn;
  }

  /** How much of the file is read, in [0, 1]. */
  get share(): number {
    return this.#size === 0 ? 1 : Math.min(1, this.#at / this.#size);
  }

  /**
   * Reads what is new, to the file's end as it is now. Callers at the same time share one reading.
   *
   * @param onPiece called now and then on a long way, which waits for it
   * @returns whether there was anything new
   * @throws {UserError} where the file is not one that may be read
   */
  advance(onPiece: () => void | Promise<void> = () => {}): Promise<boolean> {
    this.#going ??= this.#read(onPiece).finally(() => {
      this.#going = null;
    });
    return this.#going;
  }

  /**
   * Of a file that is not read to its end yet, some of the points that are to come, by metric: the least and greatest of each look. They
   * are of use until the rest is read, and need not hold its extremes.
   */
  async ahead(): Promise<ReadonlyMap<string, Point[]>> {
    if (this.#size - this.#at < LOOKS * LOOK) return new Map();
    this.#ahead ??= await this.#look();
    const from = this.#last?.step ?? 0;
    return new Map([...this.#ahead].map(([key, points]) => [key, points.filter(([step]) => step > from)]));
  }

  async #look(): Promise<Map<string, Point[]>> {
    const found = new Map<string, Point[]>();
    await using file = await this.#folders.open(this.#path);
    if (!file) return found;
    for (let i = 0; i < LOOKS; i++) {
      const at = i === LOOKS - 1 ? file.size - LOOK : Math.floor((i / (LOOKS - 1)) * (file.size - LOOK));
      const ends = new Map<string, [low: Point, high: Point]>();
      for (const row of rowsOf(await file.bytes(at, LOOK), at === 0)) {
        metricsIn(row, (key, value) => {
          if (value === null || (!ends.has(key) && ends.size >= MOST_KEYS)) return;
          const point: Point = [row.step, value];
          const [low, high] = ends.get(key) ?? [point, point];
          ends.set(key, [value < low[1] ? point : low, value > high[1] ? point : high]);
        });
      }
      for (const [key, [low, high]] of ends) {
        const points = found.get(key) ?? [];
        points.push(...(low[0] === high[0] ? [low] : low[0] < high[0] ? [low, high] : [high, low]));
        found.set(key, points);
      }
    }
    return found;
  }

  async #read(onPiece: () => void | Promise<void>): Promise<boolean> {
    await using file = await this.#folders.open(this.#path);
    if (!file) {
      const had = this.#at > 0;
      this.#reset();
      return had;
    }
    let isNew = false;
    if (!(await this.#isSame(file))) {
      isNew = this.#at > 0;
      this.#reset();
    }
    this.#ino = file.ino;
    this.#size = file.size;
    while (this.#at < file.size) {
      const piece = await file.bytes(this.#at, PIECE);
      const took = await this.#take(piece);
      if (took === 0) break;
      isNew = true;
      await onPiece();
    }
    return isNew;
  }

  /** Whether the file still begins with what was read of it. */
  async #isSame(file: Opened): Promise<boolean> {
    if (this.#at === 0) return true;
    if (file.ino !== this.#ino || file.size < this.#at) return false;
    if (this.#mark === null) return true;
    return (await file.bytes(this.#mark.from, this.#mark.bytes.length)).equals(this.#mark.bytes);
  }

  #reset(): void {
    this.#series = new Map();
    this.#last = null;
    this.#mark = null;
    this.#skipping = false;
    this.#ahead = null;
    [this.#torn, this.#at, this.#size] = [0, 0, 0];
  }

  /** Takes the whole lines of a piece. @returns how many bytes they are */
  async #take(piece: Buffer): Promise<number> {
    let begin = 0;
    let lines = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, begin)) {
      if (this.#skipping) this.#torn++;
      else this.#line(piece.toString("utf8", begin, end));
      this.#skipping = false;
      begin = end + 1;
      if (++lines % LINES_A_SLICE === 0) await new Promise(setImmediate);
    }
    if (begin > 0) {
      const from = Math.max(0, begin - MARK);
      this.#mark = { from: this.#at + from, bytes: Buffer.from(piece.subarray(from, begin)) };
    } else if (piece.length >= LONGEST_LINE) {
      this.#skipping = true;
      begin = piece.length;
    }
    this.#at += begin;
    return begin;
  }

  #line(text: string): void {
    const row = lineOf(text);
    if (row === null) {
      if (text.trim() !== "") this.#torn++;
      return;
    }
    // A resumed run's file may hold a step twice after damage: the first stays, as for the run itself.
    if (this.#last !== null && row.step <= this.#last.step) return;
    this.#last = row;
    metricsIn(row, (key, value) => this.#add(key, row.step, value));
  }

  #add(key: string, step: number, value: number | null): void {
    let series = this.#series.get(key);
    if (!series) {
      if (this.#series.size >= MOST_KEYS) return;
      series = new Series();
      this.#series.set(key, series);
    }
    series.add(step, value);
  }
}
