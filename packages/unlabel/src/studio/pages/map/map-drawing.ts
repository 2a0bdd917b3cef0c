// What a map looks like: points, images in their places where these are few, the line that is being drawn, a ring around the one pointed at.
import { token } from "../app/theme.ts";
import { type Colouring, type Kind, valuesOf } from "./colours.ts";
import {
  channels,
  drawPoints,
  type Places,
  type Points,
  packed,
  toMap,
  toScreen,
  type View,
  wholeView,
} from "./points.ts";
import type { Thumbnails } from "./thumbnails.ts";

/** Zoomed so far in that points are few, images are shown in their places: at most so many points a picture's room. */
const PICTURE_ROOM = 70;
const PICTURES = 120;
/** Edge of an image in its place. */
const EDGE = 40;

/** Everything that is drawn. */
export interface MapScene {
  points: Points;
  places: Places;
  view: View;
  kinds: readonly Kind[];
  colouring: Colouring;
  colours: Parameters<typeof drawPoints>[5]["colours"];
  /** By point: 1 chosen, 2 set aside. */
  marks: Uint8Array;
  /** Of the line around what is to be chosen: x and y on the map in turns. */
  line: readonly number[];
  /** The point that is pointed at; −1 for none. */
  at: number;
  /** Null before there are any. */
  thumbnails: Thumbnails | null;
}

/** Draws all of it. */
export function drawMap(canvas: HTMLCanvasElement, scene: MapScene): void {
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) return;
  const { width, height } = canvas;
  const { points, view, colours, marks, line, at } = scene;
  const image = imageOf(canvas, context);
  const pixels = new Uint32Array(image.data.buffer);
  const background = packed(channels(token("--paper")));
  const ratio = devicePixelRatio;
  const much = Math.sqrt(view.scale / wholeView(width, height).scale);
  const radius = ratio * Math.min(5, (points.count > 30_000 ? 1.1 : points.count > 4000 ? 1.6 : 2.6) * much);
  const look = { colours, marks, background, faint: 12, radius: Math.round(radius * 4) / 4 };
  const shown = drawPoints(pixels, width, height, points, view, look);
  context.putImageData(image, 0, 0);
  drawPictures(context, scene, shown);
  context.lineWidth = 2 * ratio;
  context.strokeStyle = token("--ink");
  if (line.length > 2) {
    context.beginPath();
    for (let k = 0; k < line.length; k += 2) context.lineTo(...toScreen(view, width, height, line[k]!, line[k + 1]!));
    context.closePath();
    context.stroke();
  }
  if (at >= 0) {
    context.beginPath();
    context.arc(...toScreen(view, width, height, points.x[at]!, points.y[at]!), 7 * ratio, 0, 7);
    context.stroke();
  }
}

/** Images in the places of points, where these are few enough. */
function drawPictures(
  context: CanvasRenderingContext2D,
  { points, places, view, kinds, colouring, marks, thumbnails }: MapScene,
  count: number,
): void {
  const { width, height } = context.canvas;
  const ratio = devicePixelRatio;
  if (!thumbnails) return;
  const room = PICTURE_ROOM * ratio;
  // Of many there would be no room for most.
  if (count > 2.5 * Math.ceil(width / room) * Math.ceil(height / room)) return;
  const [left, low] = toMap(view, width, height, 0, height);
  const [right, high] = toMap(view, width, height, width, 0);
  const taken = new Map<string, number>();
  places.each(left, low, right, high, (i) => {
    const [x, y] = toScreen(view, width, height, points.x[i]!, points.y[i]!);
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const cell = `${Math.floor(x / room)} ${Math.floor(y / room)}`;
    if (!taken.has(cell)) taken.set(cell, i);
  });
  // All of them or none: half a map of pictures looks as if something were missing.
  if (taken.size > PICTURES) return;
  const shown = [...taken.values()];
  thumbnails.ask(shown.map((i) => points.image[i]!));
  const edge = EDGE * ratio;
  const values = valuesOf(points, colouring);
  for (const i of shown) {
    const found = thumbnails.of(points.image[i]!);
    if (!found) continue;
    const [x, y] = toScreen(view, width, height, points.x[i]!, points.y[i]!).map((one) => one - edge / 2) as [
      number,
      number,
    ];
    context.drawImage(found.sheet, found.left, found.top, found.edge, found.edge, x, y, edge, edge);
    const colour = kinds.find(({ value }) => value === values[i])?.colour;
    context.strokeStyle = token(marks[i] === 1 ? "--ink" : (colour ?? "--untrained"));
    context.lineWidth = (marks[i] === 1 ? 3 : 1.5) * ratio;
    context.strokeRect(x, y, edge, edge);
  }
}

const images = new WeakMap<HTMLCanvasElement, ImageData>();
/** A canvas's pixels, kept while its size is the same. */
function imageOf(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D): ImageData {
  const known = images.get(canvas);
  if (known && known.width === canvas.width && known.height === canvas.height) return known;
  const made = context.createImageData(canvas.width, canvas.height);
  images.set(canvas, made);
  return made;
}
