import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { saidWhenLong } from "./said-when-long.ts";

describe("work that takes long", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("is said at growing intervals, with advice once, and not when it has ended", () => {
    const said: string[] = [];
    const work = saidWhenLong((line) => said.push(line), "--fast");
    work.begin("one");
    vi.advanceTimersByTime(29_000);
    work.begin("two");
    vi.advanceTimersByTime(121_000);
    expect(said).toEqual(["still two, 30 s by now; --fast", "still two, 120 s by now"]);
    work.begin("three");
    vi.advanceTimersByTime(31_000);
    work.end();
    vi.advanceTimersByTime(1_000_000);
    expect(said.slice(2)).toEqual(["still three, 30 s by now"]);
  });
});
