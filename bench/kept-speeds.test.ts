import { describe, expect, it } from "vitest";
import { asThere, type KeptSpeed } from "./kept-speeds.ts";

const first: KeptSpeed = { step_s: 0.4, batch: 64, threads: 2, cpu: "EPYC" };
const never = () => Promise.reject(new Error("timed again for nothing"));

describe("asThere", () => {
  it("keeps what was measured on the machine of the first row, and the first row itself", async () => {
    const here = { threads: 2, cpu: "EPYC" };
    const found = { step_s: 0.7, batch: 64 };
    expect(await asThere(found, here, first, never)).toEqual({ ...found, ...here });
    expect(await asThere(found, here, undefined, never)).toEqual({ ...found, ...here });
  });

  it("tells a speed of another machine as many times the first one's as it is there", async () => {
    const again = async () => ({ step_s: 0.2, batch: 64 });
    const found = await asThere({ step_s: 0.3, batch: 32 }, { threads: 2, cpu: "Xeon" }, first, again);
    expect(found).toEqual({
      ...{ step_s: 0.6, batch: 32, threads: 2, cpu: "EPYC" },
      elsewhere: { cpu: "Xeon", step_s: 0.3, beside: 0.2 },
    });
  });

  it("takes other threads for another machine", async () => {
    const again = async () => ({ step_s: 0.8, batch: 64 });
    const found = await asThere({ step_s: 0.8, batch: 64 }, { threads: 1, cpu: "EPYC" }, first, again);
    expect(found).toMatchObject({ step_s: 0.4, threads: 2 });
  });
});
