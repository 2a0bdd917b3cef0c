import { expect, it, vi } from "vitest";
import { kept } from "./kept.ts";

it("works out once for each object", () => {
  const workOut = vi.fn(({ value }: { value: number }) => ({ twice: 2 * value }));
  const twice = kept(workOut);
  const [a, b] = [{ value: 1 }, { value: 1 }];
  expect(twice(a)).toEqual({ twice: 2 });
  expect(twice(a)).toBe(twice(a));
  expect(twice(b)).not.toBe(twice(a));
  expect(workOut.mock.calls).toEqual([[a], [b]]);
});
