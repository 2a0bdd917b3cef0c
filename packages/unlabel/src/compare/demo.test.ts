import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { autoMethods } from "../methods/measured.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { type DemoRequest, demo } from "./demo.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

const root = temporaryFolder();
afterAll(() => root[Symbol.dispose]());
let log = "";
const quiet = {
  write: (text: string) => {
    log += text;
    return true;
  },
};

describe("demo", () => {
  it("trains and evaluates the first two methods of the table on a folder of images, reports, and does nothing twice", async () => {
    const methods = autoMethods().methods.slice(0, 2);
    const data = join(root.path, "data");
    const names = (split: string, count: number) =>
      ["ant", "bee"].flatMap((name) => Array.from({ length: count }, (_, i) => `${split}/${name}/${i}.png`));
    await writeImages(data, [...names("train", 8), ...names("val", 4)], 16);
    const request = {
      data,
      out: join(root.path, "runs"),
      epochs: 1,
      settings: { size: 32, batch: 8, device: "cpu" },
      stream: quiet,
    };
    const listening = () => ["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => process.listenerCount(signal));
    const before = listening();
    const stop = new AbortController();
    const begun: string[] = [];
    const onEvent: DemoRequest["onEvent"] = (event, run) => {
      expect(listening()).toEqual(before);
      if (event.type === "begin") begun.push(run);
    };
    const stopping: DemoRequest["onEvent"] = (event) => event.type === "begin" && stop.abort();
    expect(await demo({ ...request, signal: stop.signal, onEvent: stopping })).toBeNull();
    // Before the first run is trained, and measured on this machine.
    const [before1, after1] = log.split(`1/2 ${methods[0]}-0`);
    expect(before1).toMatch(/about \S+ of training here, then evaluation\n/);
    expect(after1).toBeDefined();
    const first = await demo({ ...request, onEvent });
    expect(begun).toEqual(methods.map((method) => `${method}-0`));
    expect(Object.keys(first!.runs)).toEqual(methods);
    for (const [method, { run, evaluation, knn }] of Object.entries(first!.runs)) {
      expect(knn).toMatchObject({ protocol: "knn", train_images: 16, val_images: 8 });
      expect(evaluation).toMatchObject({ train_images: 16, val_images: 8, step: 2 });
      expect(evaluation.untrained.top1).toBeGreaterThanOrEqual(0);
      expect(evaluation.pixels!.top1).toBeGreaterThanOrEqual(0);
      expect(JSON.parse(readFileSync(join(run, "run.json"), "utf8"))).toMatchObject({ method, status: "done" });
    }
    expect(readFileSync(first!.report, "utf8")).toContain(methods[1]);

    const again = await demo(request);
    for (const method of methods) {
      expect(again!.runs[method]!.evaluation.top1).toBe(first!.runs[method]!.evaluation.top1);
    }
  }, 300_000);

  it("refuses images without labels before it trains on them", async () => {
    const data = join(root.path, "plain");
    await writeImages(data, ["a.png", "b.png"], 16);
    const out = join(root.path, "none");
    await expect(demo({ data, out, stream: quiet })).rejects.toThrow("Expected labels to evaluate with");
    expect(existsSync(out)).toBe(false);
  });
});
