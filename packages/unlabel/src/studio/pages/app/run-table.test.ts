// Answers and news in every order that a network can bring them in.
import { expect, it } from "vitest";
import type { RunRow, RunsMessage } from "../../messages/runs.ts";
import { type RunsNews, RunTable } from "./run-table.ts";

const row = (id: string, step = 0) => ({ id, step }) as RunRow;
const answer = (told: number, ...runs: RunRow[]): RunsMessage => ({
  runs,
  told,
  folders: [],
  looking: false,
  notes: [],
});
const news = (told: number, rows: RunRow[], gone: string[] = []): RunsNews => ({
  type: "runs",
  told,
  rows,
  gone,
  looking: false,
  notes: [],
});
const known = (table: RunTable) => table.rows.map(({ id, step }) => `${id}${step}`).sort();

it("news that overtake an answer are not lost by it", () => {
  const table = new RunTable();
  table.asks();
  table.opens(1);
  table.hears(news(2, [row("b")]));
  expect(table.answers(answer(1, row("a")))).toBe(false);
  expect(known(table)).toEqual(["a0", "b0"]);
});

it("an answer that is newer than news heard meanwhile stands", () => {
  const table = new RunTable();
  table.asks();
  table.opens(1);
  table.hears(news(2, [row("a", 1), row("b", 1)]));
  table.hears(news(3, [], ["b"]));
  table.answers(answer(3, row("a", 2)));
  expect(known(table)).toEqual(["a2"]);
  table.hears(news(4, [row("a", 3)]));
  expect(known(table)).toEqual(["a3"]);
});

it("what was told before the line was open is asked for again", () => {
  const table = new RunTable();
  table.asks();
  table.opens(5);
  expect(table.answers(answer(4, row("a")))).toBe(true);
  table.asks();
  expect(table.answers(answer(5, row("a"), row("b")))).toBe(false);
  expect(known(table)).toEqual(["a0", "b0"]);
});

it("another server counts from the beginning: its answer and its news count", () => {
  const table = new RunTable();
  table.asks();
  table.opens(900);
  table.answers(answer(900, row("old")));
  table.opens(1);
  table.asks();
  table.hears(news(2, [row("new")]));
  expect(table.answers(answer(1))).toBe(false);
  expect(known(table)).toEqual(["new0"]);
});

it("another server's answers are asked for again once, and not for ever", () => {
  const table = new RunTable();
  table.asks();
  table.opens(900);
  expect(table.answers(answer(1))).toBe(true);
  table.asks();
  expect(table.answers(answer(1))).toBe(false);
});

it("a question without an answer takes nothing away", () => {
  const table = new RunTable();
  table.hears(news(1, [row("a")]));
  table.asks();
  table.hears(news(2, [row("b")]));
  table.fails();
  expect(known(table)).toEqual(["a0", "b0"]);
});
