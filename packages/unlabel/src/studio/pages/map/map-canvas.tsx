// One map: dragged, zoomed, pointed at, and drawn around. What is under the pointer, or chosen by the arrow keys, is shown beside it.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { MapTold } from "../../messages/atlas.ts";
import { useTheme } from "../app/theme.ts";
import { type Colouring, coloursOf, type Kind, valuesOf } from "./colours.ts";
import { drawMap } from "./map-drawing.ts";
import { inside, Places, type Points, toMap, toScreen, towards, type View, wholeView, zoomed } from "./points.ts";
import { type Thumbnail, Thumbnails } from "./thumbnails.ts";

interface Props {
  run: string;
  name: string;
  told: MapTold;
  points: Points;
  kinds: readonly Kind[];
  colouring: Colouring;
  /** Kinds that are set apart; none: all are alike. */
  apart: ReadonlySet<number>;
  /** Chosen images, by their numbers. */
  chosen: ReadonlySet<number>;
  onChoose: (images: readonly number[], how: "new" | "more") => void;
  isLasso: boolean;
  onLassoEnd: () => void;
}

const EDGE = 64;
/** Pixels from the pointer within which a point is under it. */
const REACH = 14;

/** What moves the map from outside. */
export interface MapHandle {
  zoom(factor: number): void;
  whole(): void;
  chooseShown(): void;
}

export function MapCanvas(props: Props & { handle: (handle: MapHandle | null) => void }) {
  const { run, name, told, points, kinds, colouring, apart, chosen, onChoose, isLasso, onLassoEnd, handle } = props;
  const theme = useTheme();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState(-1);
  const [, setLoaded] = useState(0);
  const places = useMemo(() => new Places(points), [points]);
  const colours = useMemo(() => coloursOf(points, kinds, colouring), [points, kinds, colouring, theme]);
  const marks = useMemo(() => {
    const values = apart.size > 0 ? valuesOf(points, colouring) : null;
    return Uint8Array.from(points.image, (image, i) => {
      if (chosen.has(image)) return 1;
      return (values && !apart.has(values[i]!)) || (chosen.size > 0 && !values) ? 2 : 0;
    });
  }, [points, chosen, apart, colouring]);
  const thumbnails = useRef<Thumbnails | null>(null);
  const state = useRef({ view: null as View | null, line: [] as number[], frame: 0, at: -1 });
  const latest = useRef({ colours, marks, isLasso, chosen, onChoose, onLassoEnd });
  latest.current = { colours, marks, isLasso, chosen, onChoose, onLassoEnd };

  const redraw = () => {
    const now = state.current;
    if (now.frame === 0) now.frame = requestAnimationFrame(draw);
  };
  const draw = () => {
    state.current.frame = 0;
    const own = canvas.current;
    if (!own || own.width === 0) return;
    const now = state.current;
    now.view ??= wholeView(own.width, own.height);
    const { colours, marks } = latest.current;
    drawMap(own, {
      ...{ points, places, kinds, colouring, colours, marks },
      ...{ view: now.view, line: now.line, at: now.at, thumbnails: thumbnails.current },
    });
    own.dataset.frames = String(Number(own.dataset.frames ?? 0) + 1);
  };

  const point = (i: number) => {
    if (state.current.at === i) return;
    state.current.at = i;
    setAt(i);
    if (i >= 0) thumbnails.current?.ask([points.image[i]!]);
    redraw();
  };
  const may = (i: number) => latest.current.marks[i] !== 2 || latest.current.chosen.size > 0;

  useEffect(() => {
    // The one that is pointed at is shown beside the map, too.
    thumbnails.current = new Thumbnails(run, EDGE, () => {
      redraw();
      setLoaded((sheets) => sheets + 1);
    });
    state.current.view = null;
    state.current.at = -1;
    setAt(-1);
    redraw();
  }, [run, points]);
  useEffect(redraw, [colours, marks, theme]);
  useEffect(() => {
    const own = canvas.current!;
    const fit = () => {
      const box = own.getBoundingClientRect();
      const [width, height] = [Math.round(box.width * devicePixelRatio), Math.round(box.height * devicePixelRatio)];
      if (own.width === width && own.height === height) return;
      const { view } = state.current;
      if (view && own.width > 0) view.scale *= Math.min(width, height) / Math.min(own.width, own.height);
      [own.width, own.height] = [width, height];
      redraw();
    };
    const observer = new ResizeObserver(fit);
    observer.observe(own);
    fit();
    return () => {
      observer.disconnect();
      cancelAnimationFrame(state.current.frame);
    };
  }, []);

  const viewNow = () => (state.current.view ??= wholeView(canvas.current!.width, canvas.current!.height));
  const zoom = (factor: number, left = canvas.current!.width / 2, top = canvas.current!.height / 2) => {
    state.current.view = zoomed(viewNow(), canvas.current!.width, canvas.current!.height, left, top, factor);
    redraw();
  };
  const pan = (dx: number, dy: number) => {
    const view = viewNow();
    view.x -= dx / view.scale;
    view.y += dy / view.scale;
    redraw();
  };
  const shownPoints = () => {
    const { width, height } = canvas.current!;
    return Array.from({ length: points.count }, (_, i) => i).filter((i) => {
      const [x, y] = toScreen(viewNow(), width, height, points.x[i]!, points.y[i]!);
      return x >= 0 && y >= 0 && x < width && y < height && (apart.size === 0 || latest.current.marks[i] !== 2);
    });
  };
  const imagesOf = (some: readonly number[]) => some.map((i) => points.image[i]!);
  useEffect(() => {
    handle({
      zoom: (factor) => {
        // About the image that is shown, where there is one.
        const { at: here } = state.current;
        const { width, height } = canvas.current!;
        if (here < 0) zoom(factor);
        else zoom(factor, ...toScreen(viewNow(), width, height, points.x[here]!, points.y[here]!));
      },
      whole: () => {
        state.current.view = null;
        redraw();
      },
      chooseShown: () => onChoose(imagesOf(shownPoints()), "new"),
    });
    return () => handle(null);
  });

  const fingers = useRef(new Map<number, { x: number; y: number; moved: number }>());
  const placeOf = (event: PointerEvent | WheelEvent): [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [(event.clientX - box.left) * devicePixelRatio, (event.clientY - box.top) * devicePixelRatio];
  };
  const nearestTo = (x: number, y: number) => {
    const { width, height } = canvas.current!;
    return places.nearest(...toMap(viewNow(), width, height, x, y), (REACH * devicePixelRatio) / viewNow().scale, may);
  };
  const down = (event: PointerEvent) => {
    const [x, y] = placeOf(event);
    canvas.current!.setPointerCapture(event.pointerId);
    fingers.current.set(event.pointerId, { x, y, moved: 0 });
    if (latest.current.isLasso)
      state.current.line = [...toMap(viewNow(), canvas.current!.width, canvas.current!.height, x, y)];
  };
  const move = (event: PointerEvent) => {
    const [x, y] = placeOf(event);
    const finger = fingers.current.get(event.pointerId);
    if (!finger) {
      point(nearestTo(x, y));
      return;
    }
    const others = [...fingers.current].filter(([id]) => id !== event.pointerId);
    const [dx, dy] = [x - finger.x, y - finger.y];
    finger.moved += Math.abs(dx) + Math.abs(dy);
    if (others.length > 0) {
      const [, other] = others[0]!;
      const far = (a: number, b: number) => Math.hypot(a - other.x, b - other.y) || 1;
      pan(dx / 2, dy / 2);
      zoom(far(x, y) / far(finger.x, finger.y), (x + other.x) / 2, (y + other.y) / 2);
    } else if (latest.current.isLasso) {
      const { width, height } = canvas.current!;
      if (state.current.line.length < 4000) state.current.line.push(...toMap(viewNow(), width, height, x, y));
      redraw();
    } else pan(dx, dy);
    [finger.x, finger.y] = [x, y];
  };
  const up = (event: PointerEvent) => {
    const finger = fingers.current.get(event.pointerId);
    fingers.current.delete(event.pointerId);
    if (!finger) return;
    if (latest.current.isLasso) {
      const found = inside(points, state.current.line).filter((i) => apart.size === 0 || latest.current.marks[i] !== 2);
      state.current.line = [];
      if (found.length > 0) onChoose(imagesOf(found), event.shiftKey ? "more" : "new");
      onLassoEnd();
      redraw();
    } else if (finger.moved < 6 * devicePixelRatio) {
      const found = nearestTo(finger.x, finger.y);
      point(found);
      if (found >= 0) onChoose(imagesOf([found]), "more");
      else if (latest.current.chosen.size > 0) onChoose([], "new");
    }
  };
  useEffect(() => {
    const own = canvas.current!;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      zoom(Math.exp(-Math.max(-200, Math.min(200, event.deltaY)) / 400), ...placeOf(event));
    };
    own.addEventListener("wheel", wheel, { passive: false });
    return () => own.removeEventListener("wheel", wheel);
  }, [points]);

  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = ({ ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] } as const)[event.key];
    if (way && event.shiftKey) pan(-60 * way[0] * devicePixelRatio, 60 * way[1] * devicePixelRatio);
    else if (way) {
      const { width, height } = canvas.current!;
      const from = state.current.at >= 0 ? state.current.at : places.nearest(viewNow().x, viewNow().y, 2, may);
      const next = state.current.at < 0 ? from : towards(points, from, way, may);
      if (next >= 0) {
        point(next);
        const [x, y] = toScreen(viewNow(), width, height, points.x[next]!, points.y[next]!);
        if (x < 0 || y < 0 || x > width || y > height) {
          Object.assign(viewNow(), { x: points.x[next]!, y: points.y[next]! });
          redraw();
        }
      }
    } else if (event.key === " " || event.key === "Enter") {
      if (state.current.at >= 0) onChoose(imagesOf([state.current.at]), "more");
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const thumbnail = at >= 0 ? (thumbnails.current?.of(points.image[at]!) ?? null) : null;
  return (
    <figure class="map">
      <figcaption>
        <b title={name}>
          <bdi>{name}</bdi>
        </b>
        <span class="soft small">
          {told.count.toLocaleString("en-US")} images, {told.how}
          {told.left > 0 && `; ${told.left.toLocaleString("en-US")} more are left out`}
        </span>
      </figcaption>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: keys of its own, from image to image */}
      <canvas
        ref={canvas}
        class={isLasso ? "lasso" : ""}
        tabIndex={0}
        role="application"
        aria-label={`Map of ${name}: arrow keys go from image to image, space chooses it, shift and arrow keys move the map`}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerCancel={(event) => fingers.current.delete(event.pointerId)}
        onPointerLeave={() => fingers.current.size === 0 && point(-1)}
        onKeyDown={key}
      />
      <div class="under" aria-live="polite">
        <Picture thumbnail={thumbnail} />
        <span class="said">
          {at < 0 ? (
            "Point at the map, or move through it with the arrow keys."
          ) : (
            <Said at={at} told={told} points={points} />
          )}
        </span>
      </div>
    </figure>
  );
}

function Said({ at, told, points }: { at: number; told: MapTold; points: Points }) {
  const label = told.classes[points.label[at]!]?.name;
  const predicted = told.classes[points.predicted[at]!]?.name;
  return (
    <>
      {label ?? `Image ${points.image[at]! + 1}`}
      {label !== undefined &&
        predicted !== undefined &&
        (label === predicted ? " ✓" : ` ✗ neighbours say ${predicted}`)}
      <small class="soft">
        {points.split[at] === 0 ? "train" : "val"}, cluster {points.group[at]! + 1}
      </small>
    </>
  );
}

/** A picture of a sheet, on a canvas of its own so that nothing moves while it comes. */
function Picture({ thumbnail }: { thumbnail: Thumbnail | null }) {
  const own = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = own.current?.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, EDGE, EDGE);
    if (thumbnail) context.drawImage(thumbnail.sheet, thumbnail.left, thumbnail.top, EDGE, EDGE, 0, 0, EDGE, EDGE);
  });
  return <canvas ref={own} class="picture" width={EDGE} height={EDGE} />;
}
