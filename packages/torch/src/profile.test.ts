import { describe, expect, it } from "vitest";
import { nn, randn, recordFunction, scope, startProfile, stopProfile } from "./index.ts";

function profiled(body: () => void) {
  startProfile();
  scope(body);
  return stopProfile();
}

describe("profile", () => {
  it("names operators forward and backward, and sections around them, in order", () => {
    const net = new nn.Linear(8, 4);
    const events = profiled(() => {
      const loss = recordFunction("forward", () =>
        net
          .call(randn([16, 8]))
          .relu()
          .sum(),
      );
      recordFunction("backward", () => loss.backward());
    });
    net.dispose();
    const named = (name: string) => events.find((event) => event.name === name)!;
    const [forward, backward] = [named("forward"), named("backward")];
    expect(forward.kind).toBe("section");
    const within = (name: string, section: typeof forward) => {
      const { start, duration, kind } = named(name);
      expect(kind).toBe("operator");
      expect(start).toBeGreaterThanOrEqual(section.start);
      expect(start + duration).toBeLessThanOrEqual(section.start + section.duration);
    };
    within("aten::relu", forward);
    within("aten::addmm", forward);
    within("ReluBackward0", backward);
    expect(backward.start).toBeGreaterThanOrEqual(forward.start + forward.duration);
    expect(events.every(({ start }, i) => i === 0 || start >= events[i - 1]!.start)).toBe(true);
  });

  it("records nothing outside, and gives what a section returns or throws", () => {
    const events = profiled(() => {});
    expect(events).toEqual([]);
    expect(recordFunction("alone", () => 7)).toBe(7);
    expect(() =>
      recordFunction("alone", () => {
        throw new Error("broken");
      }),
    ).toThrow("broken");
    expect(profiled(() => void randn([2])).map(({ name }) => name)).toContain("aten::randn");
  });

  it("refuses to begin twice or end without beginning", () => {
    expect(() => stopProfile()).toThrow("Expected a profile under way, got none");
    startProfile();
    expect(() => startProfile()).toThrow("Expected no profile under way, got one");
    stopProfile();
  });
});
