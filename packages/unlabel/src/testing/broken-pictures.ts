// A masked method of which no pictures can be drawn, as a plugin's may be.
import { vi } from "vitest";
import { Mae } from "../methods/mae/method.ts";

/** Until it is disposed of. */
export function MaeCannot(): Disposable {
  const spy = vi.spyOn(Mae.prototype, "pictures").mockImplementationOnce(() => {
    throw new Error("cannot draw");
  });
  return { [Symbol.dispose]: () => spy.mockRestore() };
}
