// The points of a map, and what is done with many of them: drawing, finding the one under the pointer, finding those inside a line. All of
// it by hand on bytes: a hundred thousand points are drawn in a few milliseconds where there is no graphics card.

/** A map's points, one array each. */
export interface Points {
  count: number;
  /** Its number among the run's images. */
  image: Uint32Array;
  /** In [0, 1], y upwards. */
  x: Float32Array;
  y: Float32Array;
  /** −1 without. */
  label: Int16Array;
  predicted: Int16Array;
  group: Uint8Array;
  /** 0: train, 1: val. */
  split: Uint8Array;
}

/** The bytes of `/api/map/ID/points`. @throws {Error} where they are not those of so many points */
export function readPoints(buffer: ArrayBuffer, count: number): Points {
  if (buffer.byteLength !== 14 * count)
    throw new Error(`Expected ${14 * count} bytes of points, got ${buffer.byteLength}`);
  let at = 0;
  const take = <T>(make: (at: number) => T, bytes: number): T => {
    const made = make(at);
    at += bytes * count;
    return made;
  };
  const image = take((from) => new Uint32Array(buffer, from, count), 4);
  const unit = (from: number) => Float32Array.from(new Uint16Array(buffer, from, count), (value) => value / 65_535);
  const x = take(unit, 2);
  const y = take(unit, 2);
  const label = take((from) => new Int16Array(buffer, from, count), 2);
  const predicted = take((from) => new Int16Array(buffer, from, count), 2);
  const group = take((from) => new Uint8Array(buffer, from, count), 1);
  const split = take((from) => new Uint8Array(buffer, from, count), 1);
  return { count, image, x, y, label, predicted, group, split };
}

/** What is seen: the middle in the map's own measure, and how many pixels its side has. */
export interface View {
  x: number;
  y: number;
  scale: number;
}

/** Pixels around a map that is seen whole. */
const MARGIN = 20;

/** All of it. */
export function wholeView(width: number, height: number): View {
  return { x: 0.5, y: 0.5, scale: Math.max(40, Math.min(width, height) - 2 * MARGIN) };
}

/** Where a point of the map is on the canvas. */
export function toScreen(view: View, width: number, height: number, x: number, y: number): [number, number] {
  return [width / 2 + (x - view.x) * view.scale, height / 2 - (y - view.y) * view.scale];
}

/** Where a place on the canvas is on the map. */
export function toMap(view: View, width: number, height: number, left: number, top: number): [number, number] {
  return [view.x + (left - width / 2) / view.scale, view.y - (top - height / 2) / view.scale];
}

/** The view after zooming about a place on the canvas. */
export function zoomed(view: View, width: number, height: number, left: number, top: number, factor: number): View {
  const whole = wholeView(width, height).scale;
  const scale = Math.min(whole * 400, Math.max(whole / 2, view.scale * factor));
  const [x, y] = toMap(view, width, height, left, top);
  return { x: x - (left - width / 2) / scale, y: y + (top - height / 2) / scale, scale };
}

/** A colour as canvases have it in memory: little-endian, alpha first. */
export function packed([red, green, blue]: readonly [number, number, number]): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** `rgb(1, 2, 3)` as numbers. */
export function channels(colour: string): [number, number, number] {
  const found = colour.match(/[\d.]+/g)?.map(Number) ?? [];
  return [found[0] ?? 0, found[1] ?? 0, found[2] ?? 0];
}

/** A round dot: for each pixel of a square how much of it the dot covers, in 0 … 16. */
function dotOf(radius: number): { edge: number; cover: Uint8Array } {
  const edge = 2 * Math.ceil(radius) + 1;
  const middle = (edge - 1) / 2;
  const cover = new Uint8Array(edge * edge);
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      let inside = 0;
      for (let v = 0; v < 4; v++) {
        for (let u = 0; u < 4; u++) {
          const [dx, dy] = [x + (u - 1.5) / 4 - middle, y + (v - 1.5) / 4 - middle];
          if (dx * dx + dy * dy <= radius * radius) inside++;
        }
      }
      cover[y * edge + x] = inside;
    }
  }
  return { edge, cover };
}

const dots = new Map<number, ReturnType<typeof dotOf>>();

/** What points look like. */
export interface Look {
  /** Each point's colour, packed. */
  colours: Uint32Array;
  /** Points that stand out, 1, or stand back, 2; others 0. */
  marks: Uint8Array;
  background: number;
  /** What stands back is mixed with this much of the background, in 0 … 16. */
  faint: number;
  /** Of a dot, in pixels. */
  radius: number;
}

/** Draws all points: first those that stand back, last those that stand out. Returns how many are on the canvas. */
export function drawPoints(
  pixels: Uint32Array,
  width: number,
  height: number,
  points: Points,
  view: View,
  look: Look,
): number {
  pixels.fill(look.background);
  let shown = 0;
  for (const mark of [2, 0, 1]) {
    const radius = mark === 1 ? look.radius + 0.75 : look.radius;
    let dot = dots.get(radius);
    if (!dot) {
      dot = dotOf(radius);
      dots.set(radius, dot);
    }
    const { edge, cover } = dot;
    const half = (edge - 1) / 2;
    const [left0, top0] = toScreen(view, width, height, 0, 0);
    for (let i = 0; i < points.count; i++) {
      if (look.marks[i] !== mark) continue;
      const left = Math.round(left0 + points.x[i]! * view.scale) - half;
      const top = Math.round(top0 - points.y[i]! * view.scale) - half;
      if (left < -edge || top < -edge || left >= width || top >= height) continue;
      shown++;
      const own = mark === 2 ? mix(look.colours[i]!, look.background, look.faint) : look.colours[i]!;
      const inside = left >= 0 && top >= 0 && left + edge <= width && top + edge <= height;
      for (let v = 0; v < edge; v++) {
        const row = (top + v) * width + left;
        for (let u = 0; u < edge; u++) {
          const much = cover[v * edge + u]!;
          if (much === 0) continue;
          if (!inside && (top + v < 0 || top + v >= height || left + u < 0 || left + u >= width)) continue;
          pixels[row + u] = much === 16 ? own : mix(pixels[row + u]!, own, much);
        }
      }
    }
  }
  return shown;
}

/** Two colours, of the second so many sixteenths. */
function mix(a: number, b: number, much: number): number {
  const rest = 16 - much;
  const even = (((a & 0xff00ff) * rest + (b & 0xff00ff) * much) >>> 4) & 0xff00ff;
  const odd = ((((a >>> 8) & 0xff) * rest + ((b >>> 8) & 0xff) * much) >>> 4) & 0xff;
  return ((255 << 24) | (odd << 8) | even) >>> 0;
}

const CELLS = 96;

/** Points by where they are, so that one is found without asking all. */
export class Places {
  readonly #points: Points;
  readonly #starts = new Uint32Array(CELLS * CELLS + 1);
  readonly #order: Uint32Array;

  constructor(points: Points) {
    this.#points = points;
    this.#order = new Uint32Array(points.count);
    const cells = Uint16Array.from(
      { length: points.count },
      (_, i) => cellOf(points.x[i]!) + CELLS * cellOf(points.y[i]!),
    );
    for (const cell of cells) this.#starts[cell + 1]!++;
    for (let i = 0; i < CELLS * CELLS; i++) this.#starts[i + 1]! += this.#starts[i]!;
    const next = this.#starts.slice();
    for (const [i, cell] of cells.entries()) this.#order[next[cell]!++] = i;
  }

  /** The point nearest to a place and no farther than `reach`; −1 where there is none. @param may which may be found */
  nearest(x: number, y: number, reach: number, may: (i: number) => boolean = () => true): number {
    let best = -1;
    let least = reach * reach;
    this.each(x - reach, y - reach, x + reach, y + reach, (i) => {
      const far = (this.#points.x[i]! - x) ** 2 + (this.#points.y[i]! - y) ** 2;
      if (far <= least && may(i)) [best, least] = [i, far];
    });
    return best;
  }

  /** Calls with every point inside a box, and some around it. */
  each(left: number, low: number, right: number, high: number, call: (i: number) => void): void {
    for (let row = cellOf(low); row <= cellOf(high); row++) {
      for (let column = cellOf(left); column <= cellOf(right); column++) {
        const cell = row * CELLS + column;
        for (let at = this.#starts[cell]!; at < this.#starts[cell + 1]!; at++) call(this.#order[at]!);
      }
    }
  }
}

function cellOf(value: number): number {
  return Math.min(CELLS - 1, Math.max(0, Math.floor(value * CELLS)));
}

/** Points inside a line that is closed from its end to its beginning; the line as x, y, x, y … on the map. */
export function inside(points: Points, line: readonly number[]): number[] {
  const corners = line.length / 2;
  if (corners < 3) return [];
  let [left, low, right, high] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let k = 0; k < corners; k++) {
    [left, right] = [Math.min(left, line[2 * k]!), Math.max(right, line[2 * k]!)];
    [low, high] = [Math.min(low, line[2 * k + 1]!), Math.max(high, line[2 * k + 1]!)];
  }
  const found: number[] = [];
  for (let i = 0; i < points.count; i++) {
    const [x, y] = [points.x[i]!, points.y[i]!];
    if (x < left || x > right || y < low || y > high) continue;
    let isIn = false;
    for (let k = 0, before = corners - 1; k < corners; before = k++) {
      const [ax, ay, bx, by] = [line[2 * k]!, line[2 * k + 1]!, line[2 * before]!, line[2 * before + 1]!];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isIn = !isIn;
    }
    if (isIn) found.push(i);
  }
  return found;
}

/** The nearest point in a direction from another, as arrow keys go; −1 where there is none. */
export function towards(
  points: Points,
  from: number,
  [dx, dy]: readonly [number, number],
  may: (i: number) => boolean,
): number {
  let best = -1;
  let least = Infinity;
  for (let i = 0; i < points.count; i++) {
    if (i === from || !may(i)) continue;
    const [right, up] = [points.x[i]! - points.x[from]!, points.y[i]! - points.y[from]!];
    const along = right * dx + up * dy;
    const across = Math.abs(right * dy) + Math.abs(up * dx);
    if (along <= 0 || across > 2 * along) continue;
    const far = along + 2 * across;
    if (far < least) [best, least] = [i, far];
  }
  return best;
}
