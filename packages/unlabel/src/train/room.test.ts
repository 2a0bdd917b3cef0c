import { TorchError } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { NoRoom, withRoom } from "./room.ts";

const full = (code = "ENOSPC") => Object.assign(new Error(`${code}: write`), { code });

/** Writes that fail `failures` times, and what was said meanwhile. */
async function attempt(failures: number, error: Error, stopAt = Number.POSITIVE_INFINITY) {
  const log: string[] = [];
  let tries = 0;
  const stop = {
    get signal() {
      return tries >= stopAt ? ("SIGINT" as const) : null;
    },
  };
  const write = () => {
    tries++;
    if (tries <= failures) throw error;
  };
  const progress = { log: (text: string) => log.push(text) };
  const options = { folder: "/tmp/none/at/all", progress, stop, kept: "the checkpoint of step 20", retryMs: 5 };
  const outcome = await withRoom("the checkpoint of step 40 (45.1 MB)", write, options).catch(
    (thrown: unknown) => thrown,
  );
  return { outcome, log, tries };
}

describe("withRoom", () => {
  it("writes once, in silence, where there is room", async () => {
    expect(await attempt(0, full())).toEqual({ outcome: undefined, log: [], tries: 1 });
  });

  it.each([full(), full("EDQUOT"), full("EFBIG"), new TorchError("Expected to write x", "save", { cause: full() })])(
    "says once what needs how much where, and tries until there is room: %o",
    async (error) => {
      const { outcome, log, tries } = await attempt(3, error);
      expect([outcome, tries]).toEqual([undefined, 4]);
      expect(log).toEqual([
        expect.stringMatching(
          /^Out of disk: no room for the checkpoint of step 40 \(45\.1 MB\) in \/tmp\/none\/at\/all, where [\d.]+ [MG]B are free\. Training waits$/,
        ),
        expect.stringContaining("Ctrl-C leaves; the checkpoint of step 20 stays."),
        "There is room again: training goes on.",
      ]);
    },
  );

  it("gives up where it is asked to stop", async () => {
    const { outcome, tries } = await attempt(100, full(), 2);
    expect(outcome).toBeInstanceOf(NoRoom);
    expect(tries).toBe(2);
  });

  it("leaves any other error as it is", async () => {
    const error = full("EIO");
    expect(await attempt(1, error)).toEqual({ outcome: error, log: [], tries: 1 });
  });
});
