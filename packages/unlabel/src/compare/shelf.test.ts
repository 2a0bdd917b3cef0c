import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { manualSeed, saveSafetensors, scope, zeros } from "@unlabel/torch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEncoder } from "../encoders/index.ts";
import { reportData } from "../report/data.ts";
import { calledOf } from "../run/called.ts";
import { RunDirectory } from "../run/directory.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { compare } from "./compare.ts";
import type { CompareRequest } from "./request.ts";
import { shelfOf } from "./shelf.ts";

const root = temporaryFolder();
afterAll(() => root[Symbol.dispose]());
const at = (...names: string[]) => join(root.path, ...names);

const TERMS: Omit<CompareRequest, "out" | "report"> = {
  data: at("data"),
  methods: ["simclr"],
  seeds: [0],
  budget: { kind: "epochs", value: 1 },
  preset: "small",
  settings: { size: 32, batch: 8, device: "cpu", precision: "fp32", threads: 1, health_every: 0, online: false },
};
const plain = (text: string) => text.replaceAll("\u00a0", " ");

async function run(name: string, more: Partial<CompareRequest>) {
  let log = "";
  const stream = { write: (text: string) => (log += text) };
  const compared = await compare({ ...TERMS, out: at(name), report: at(`${name}.html`), stream, ...more });
  return { ...compared!, log };
}

beforeAll(async () => {
  const names = (split: string, count: number) =>
    ["ant", "bee"].flatMap((kind) => Array.from({ length: count }, (_, i) => `${split}/${kind}/${i}.png`));
  await writeImages(TERMS.data, [...names("train", 8), ...names("val", 4)], 24);
  scope(() => {
    manualSeed(3);
    const net = createEncoder({ encoder: "vit_tiny", size: 32, patch: 16, channels: 3 });
    saveSafetensors(at("tiny.safetensors"), net.stateDict(), { license: "cc-by-nc-4.0" });
    net.dispose();
    saveSafetensors(at("odd.safetensors"), { "conv_stem.weight": zeros([4, 3, 3, 3]) });
  });
});

describe("a comparison that begins with weights, and stands beside an encoder off the shelf", () => {
  let first: Awaited<ReturnType<typeof run>>;
  const terms = { init: at("tiny.safetensors"), beside: [at("tiny.safetensors")] };
  beforeAll(async () => {
    first = await run("both", terms);
  }, 120_000);

  it("begins every method with them, whose licence each run has", () => {
    for (const { run: path, status } of first.runs) {
      expect(status).toBe("done");
      const { config, init } = RunDirectory.open(path).info;
      expect(config).toMatchObject({ encoder: "vit_tiny", patch: 16, init: at("tiny.safetensors") });
      expect(init).toMatchObject({ licence: "cc-by-nc-4.0", reshaped: [] });
    }
  });

  it("evaluates the encoder off the shelf by the same protocols on the same images, before anything is trained", () => {
    const [shelf] = first.beside;
    expect(shelf).toMatchObject({ name: "beside-tiny", title: "tiny as it comes", status: "done" });
    const [own] = first.runs;
    for (const protocol of ["linear", "knn", "few-shot", "retrieval"] as const) {
      expect(shelf!.evaluations[protocol]!.fingerprint).toBe(own!.evaluations[protocol]!.fingerprint);
      expect(shelf!.evaluations[protocol]!.val_images).toBe(own!.evaluations[protocol]!.val_images);
    }
    // The encoder that runs began with, seen as ImageNet's images are in both.
    const { knn } = shelf!.evaluations;
    expect(knn!.predictions!.images).toBe(own!.evaluations.knn!.predictions!.images);
    expect(first.log.indexOf("beside: tiny")).toBeLessThan(first.log.indexOf("1/1 simclr-0"));
  });

  it("has it in every table, and says what training brought over it", async () => {
    const { data } = first.report;
    expect(data.groups.map(({ name }) => name)).toEqual(["SimCLR", "tiny as it comes"]);
    const [which, gained, cost] = data.answer.map(plain);
    expect(which).toMatch(/tiny as it comes/);
    // Once, though it both stands beside the run and is what that began with.
    expect(gained).toMatch(
      /^Training on these images (brought|left|is not shown to bring) SimCLR .* tiny as it comes.*95 % interval/,
    );
    expect(gained!.split("Training on these images")).toHaveLength(2);
    expect(cost).toMatch(/SimCLR took /);
    expect(cost).not.toContain("tiny");
    expect(data.costs.join()).not.toContain("tiny");
    expect(data.runs.at(-1)).toMatchObject({
      shelf: { source: at("tiny.safetensors"), licence: "cc-by-nc-4.0" },
      init: null,
      warnings: [],
    });
    expect(data.runs[0]).toMatchObject({ shelf: null, init: { licence: "cc-by-nc-4.0" } });
    const page = readFileSync(first.report.path, "utf8");
    expect(page.split("tiny as it comes").length).toBeGreaterThan(8);
    expect(page.includes("Weights from elsewhere")).toBe(true);
    expect(page.includes("has recorded no step")).toBe(false);
    const alone = await reportData([first.beside[0]!.folder]);
    expect(plain(alone.answer.join(" "))).toMatch(/^tiny as it comes reaches .*the same encoder with random weights/);
  });

  it("takes an earlier run likewise, which stays as it is, and says that it saw these images", async () => {
    const [earlier] = first.runs;
    const files = (folder: string) => readdirSync(folder, { recursive: true, withFileTypes: true });
    const state = () => files(earlier!.run).map((one) => [one.name, statSync(join(one.parentPath, one.name)).mtimeMs]);
    const before = state();
    const again = { init: terms.init, beside: [earlier!.run], seeds: [1] };
    const { beside, report, runs } = await run("again", again);
    expect(state()).toEqual(before);
    const [shelf] = beside;
    expect(shelf).toMatchObject({ name: "beside-simclr-0", title: "earlier run simclr-0", status: "done" });
    // Scored as it was in the comparison that it was trained in.
    expect(shelf!.evaluations.knn!.top1).toBe(earlier!.evaluations.knn!.top1);
    expect(shelf!.evaluations.knn!.step).toBe(earlier!.info!.result!.steps);
    expect(shelf!.evaluations.knn!.notes.join()).toMatch(/of an earlier run, .*simclr.*trained on these images/);
    const told = plain(report.data.answer.join(" "));
    expect(told).toMatch(/earlier run simclr-0, which was trained on these images too \(/);
    expect(told).not.toMatch(/Training on these images \w+ SimCLR [^.]*\.\d[^.]* earlier run/);
    expect(report.data.runs.at(-1)).toMatchObject({
      shelf: { source: earlier!.run, licence: "cc-by-nc-4.0", run: { method: "simclr", step: 2 } },
    });
    expect(readFileSync(report.path, "utf8")).toContain("earlier run, simclr, step 2");
    // The same command does nothing twice.
    const file = join(shelf!.folder, "eval", "knn.json");
    const written = statSync(file).mtimeMs;
    expect((await run("again", again)).runs.map(({ status }) => status)).toEqual(runs.map(({ status }) => status));
    expect(statSync(file).mtimeMs).toBe(written);
  }, 120_000);

  it("does nothing twice, also where its source has another name by then, and refuses other terms", async () => {
    const file = join(first.beside[0]!.folder, "eval", "knn.json");
    const [before, trained] = [statSync(file).mtimeMs, statSync(join(first.runs[0]!.run, "run.json")).mtimeMs];
    await run("both", terms);
    expect(statSync(file).mtimeMs).toBe(before);
    expect(statSync(join(first.runs[0]!.run, "run.json")).mtimeMs).toBe(trained);
    await expect(run("both", { ...terms, beside: [] })).rejects.toThrow(
      /Expected --beside .*tiny.* began with, got no --beside/,
    );
    await expect(run("both", { beside: terms.beside })).rejects.toThrow(/Expected --init .* began with, got no --init/);
  }, 60_000);
});

it.each([
  ["what is no encoder", { beside: [at("odd.safetensors")] }, /Expected the weights of an encoder in .*odd.*got/],
  ["nothing there", { beside: [at("none.pth")] }, /which is not there/],
  ["one twice", { beside: ["a.pth", "a.pth"] }, /Expected each of beside once/],
  [
    "init that a method does not train",
    { init: at("both", "simclr-0"), methods: ["mae"], settings: { encoder: "resnet18" } },
    /Expected encoder|encoder,? (got )?"?resnet18|Expected one of vit_tiny/,
  ],
  ["init among settings", { settings: { init: "x" } }, /what runs begin with is --init/],
])("refuses %s before anything is written", async (_, more, words) => {
  await expect(run("never", more as Partial<CompareRequest>)).rejects.toThrow(words);
  expect(existsSync(at("never", "simclr-0"))).toBe(false);
});

it("names encoders as people would, each by a folder of its own", () => {
  expect(calledOf("hub:facebook/dinov2-small@main")).toBe("dinov2-small");
  expect(calledOf("/a/vit folder/model.safetensors")).toBe("vit folder");
  expect(calledOf("/a/mae_vit_base.pth")).toBe("mae_vit_base");
  mkdirSync(at("Ünï/x"), { recursive: true });
  copyFileSync(at("odd.safetensors"), at("Ünï/x/model.safetensors"));
  const shelf = shelfOf(["hub:a/net", "hub:b/net", "/../..", "/x/Ünï"]);
  expect(shelf.map(({ name }) => name)).toEqual(["beside-net", "beside-net-2", "beside-encoder", "beside-n"]);
  expect(shelf[0]!.title).toBe("hub:a/net as it comes");
});
