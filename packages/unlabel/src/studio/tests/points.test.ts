import { expect, it } from "vitest";
import {
  drawPoints,
  inside,
  Places,
  type Points,
  packed,
  readPoints,
  toMap,
  toScreen,
  towards,
  wholeView,
  zoomed,
} from "../pages/map/points.ts";

function pointsAt(places: readonly (readonly [number, number])[]): Points {
  const count = places.length;
  return {
    count,
    image: Uint32Array.from({ length: count }, (_, i) => i),
    x: Float32Array.from(places, ([x]) => x),
    y: Float32Array.from(places, ([, y]) => y),
    label: new Int16Array(count),
    predicted: new Int16Array(count),
    group: new Uint8Array(count),
    split: new Uint8Array(count),
  };
}

/** Points drawn by a small generator of its own. */
function many(count: number): Points {
  let state = 7;
  const next = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  return pointsAt(Array.from({ length: count }, () => [next(), next()] as const));
}

it("reads the bytes that a map is sent in", () => {
  const buffer = new ArrayBuffer(28);
  new Uint32Array(buffer, 0, 2).set([5, 70_000]);
  new Uint16Array(buffer, 8, 4).set([0, 65_535, 13_107, 0]);
  new Int16Array(buffer, 16, 4).set([-1, 3, 2, -1]);
  new Uint8Array(buffer, 24, 4).set([9, 0, 1, 0]);
  const points = readPoints(buffer, 2);
  expect([...points.image]).toEqual([5, 70_000]);
  expect([...points.x]).toEqual([0, 1]);
  expect(points.y[0]).toBeCloseTo(0.2, 6);
  expect([[...points.label], [...points.predicted]]).toEqual([
    [-1, 3],
    [2, -1],
  ]);
  expect([[...points.group], [...points.split]]).toEqual([
    [9, 0],
    [1, 0],
  ]);
  expect(() => readPoints(buffer, 3)).toThrow("Expected 42 bytes of points, got 28");
});

it("a place on the canvas and its place on the map are each other's, also zoomed", () => {
  const [width, height] = [640, 480];
  const view = zoomed(wholeView(width, height), width, height, 500, 100, 3);
  const [x, y] = toMap(view, width, height, 123, 77);
  expect(toScreen(view, width, height, x, y).map((value) => Math.round(value * 1e6) / 1e6)).toEqual([123, 77]);
  // What was under the pointer stays there.
  expect(toMap(view, width, height, 500, 100)).toEqual(
    toMap(wholeView(width, height), width, height, 500, 100).map((value) => expect.closeTo(value, 9)),
  );
});

it("draws each dot where it is, those that stand out on top, and counts them", () => {
  const points = pointsAt([
    [0.5, 0.5],
    [0.5, 0.5],
    [0, 1],
    [40, 40],
  ]);
  const [width, height] = [60, 60];
  const pixels = new Uint32Array(width * height);
  const [red, blue, white] = [packed([255, 0, 0]), packed([0, 0, 255]), packed([255, 255, 255])];
  const look = {
    colours: Uint32Array.of(blue, red, blue, red),
    marks: Uint8Array.of(0, 1, 2, 0),
    background: white,
    faint: 12,
    radius: 3,
  };
  const shown = drawPoints(pixels, width, height, points, { x: 0.5, y: 0.5, scale: 40 }, look);
  expect(shown).toBe(3);
  expect(pixels[30 * width + 30]).toBe(red);
  expect(pixels[0]).toBe(white);
  // A quarter blue, three quarters white.
  expect(pixels[10 * width + 10]).toBe(packed([191, 191, 255]));
});

it("finds the nearest point as if all were asked", () => {
  const points = many(4000);
  const places = new Places(points);
  for (let i = 0; i < 300; i++) {
    const [x, y] = [(i * 0.37) % 1.1, (i * 0.61) % 1.05];
    let [best, least] = [-1, 0.05 ** 2];
    for (let k = 0; k < points.count; k++) {
      const far = (points.x[k]! - x) ** 2 + (points.y[k]! - y) ** 2;
      if (far < least) [best, least] = [k, far];
    }
    expect(places.nearest(x, y, 0.05)).toBe(best);
  }
  expect(places.nearest(0.5, 0.5, 1, () => false)).toBe(-1);
});

it("finds what lies inside a line, dents and all", () => {
  const points = pointsAt([
    [0.1, 0.1],
    [0.5, 0.2],
    [0.5, 0.8],
    [0.9, 0.1],
    [2, 2],
  ]);
  // A "U": its inside is not in it.
  const line = [0, 0, 1, 0, 1, 1, 0.8, 1, 0.8, 0.5, 0.2, 0.5, 0.2, 1, 0, 1];
  expect(inside(points, line)).toEqual([0, 1, 3]);
  expect(inside(points, [0, 0, 1, 1])).toEqual([]);
});

it("arrow keys go to the nearest point that way", () => {
  const points = pointsAt([
    [0.5, 0.5],
    [0.6, 0.52],
    [0.9, 0.5],
    [0.5, 0.9],
  ]);
  const all = () => true;
  expect(towards(points, 0, [1, 0], all)).toBe(1);
  expect(towards(points, 0, [0, 1], all)).toBe(3);
  expect(towards(points, 0, [-1, 0], all)).toBe(-1);
  expect(towards(points, 0, [1, 0], (i) => i !== 1)).toBe(2);
});
