import { expect, it } from "vitest";
import { listenForStop } from "./stop.ts";

it("notes the first signal, tells once, and then leaves signals to their default", () => {
  const before = process.listenerCount("SIGTERM");
  let asked = 0;
  const request = listenForStop(() => {
    asked++;
  });
  expect(request.signal).toBeNull();
  expect(process.listenerCount("SIGTERM")).toBe(before + 1);
  process.emit("SIGTERM", "SIGTERM");
  expect([request.signal, asked]).toEqual(["SIGTERM", 1]);
  expect(process.listenerCount("SIGTERM")).toBe(before);
});

it("stops listening when released", () => {
  const before = process.listenerCount("SIGINT");
  listenForStop(() => {}).release();
  expect(process.listenerCount("SIGINT")).toBe(before);
});
