import { afterEach, expect, it } from "vitest";
import { listenToOpening, opening, tellOpening } from "../data/opening.ts";
import { OpeningLine } from "./opening-line.ts";

/** A stream that keeps what is written, and a clock that is set by hand. */
function place(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const line = new OpeningLine({ isTTY, columns, write: (text: string) => written.push(text) }, () => clock.ms);
  const tell = (ms: number, done: number, total: number | null = null) => {
    clock.ms = ms;
    line.tell({ root: "/data", done, total, what: "images listed" });
  };
  return { written, tell, end: () => line.tell(null) };
}

afterEach(() => listenToOpening(null));

it("says nothing of what is over within a second", () => {
  for (const isTTY of [true, false]) {
    const { written, tell, end } = place(isTTY);
    for (let ms = 0; ms < 1000; ms += 10) tell(ms, ms);
    end();
    expect(written).toEqual([]);
  }
});

it("redraws on a terminal within its width, and leaves nothing there", () => {
  const { written, tell, end } = place(true, 30);
  tell(0, 0);
  tell(1000, 412_000);
  tell(1050, 413_000);
  tell(1100, 1_300_000, 2_000_000);
  end();
  expect(written).toEqual([
    "\r/data: 412,000 images listed\u001b[K",
    "\r…0 of 2,000,000 images listed\u001b[K",
    "\r\u001b[K",
  ]);
});

it("is never silent for longer than two seconds in a log at first, and seldom heard later", () => {
  const { written, tell, end } = place(false);
  const heard: number[] = [];
  for (let ms = 0; ms <= 120_000; ms += 100) {
    const before = written.length;
    tell(ms, ms);
    if (written.length > before) heard.push(ms);
  }
  end();
  expect(heard.slice(0, 4)).toEqual([1000, 3000, 5000, 7000]);
  expect(heard.at(-1)! - heard.at(-2)!).toBeGreaterThan(10_000);
  expect(written[0]).toBe("/data: 1,000 images listed\n");
});

it("hears of one opening what is told within it, and that it is over once", () => {
  const heard: unknown[] = [];
  listenToOpening((one) => heard.push(one));
  tellOpening("images listed", 1);
  {
    using _outer = opening("/data");
    {
      using _inner = opening("/data/train");
      tellOpening("images listed", 2);
    }
    tellOpening("shards listed", 3, 4);
  }
  expect(heard).toEqual([
    { root: "/data", done: 2, total: null, what: "images listed" },
    { root: "/data", done: 3, total: 4, what: "shards listed" },
    null,
  ]);
});
