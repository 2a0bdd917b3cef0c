import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { afterAll, describe, expect, it, vi } from "vitest";
import { INDICATORS, type Indicator } from "../run/indicators.ts";
import { readRuns } from "../run/read/run.ts";
import { temporaryFolder } from "../testing/data.ts";
import { type RunOptions, writeRun } from "../testing/run-fixture.ts";
import { reportData } from "./data.ts";
import { groupRuns } from "./groups.ts";
import { writeReport } from "./report.ts";
import { isTrusted, namedFirst, type Trust, trustWords } from "./trust.ts";
import { withoutLabels } from "./without-labels.ts";

// What the rows at hand say changes with them: here nothing is measured, except where a test says what was.
vi.mock("./trust-table.ts", () => ({ TRUST: null }));

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

const around = (value: number): Indicator => ({ value, interval: [value - 0.05, value + 0.05] });
const RANKS = ["rank_me", "alpha_req", "lidar", "cluster_halves", "cluster_seeds"];
/** All at `value` where not said otherwise; ranks without an interval. */
const told = (value: number, own: Record<string, Indicator> = {}) => ({
  ...Object.fromEntries(INDICATORS.map(({ name }) => [name, RANKS.includes(name) ? { value } : around(value)])),
  ...own,
});
const refused = Object.fromEntries(INDICATORS.map(({ name }) => [name, { refused: "all images are alike" }]));

interface Made extends Omit<RunOptions, "untrained"> {
  trained: object;
  untrained?: object;
  file?: object;
}

/** A run that has been looked at without labels. */
async function looked(name: string, { trained, untrained = told(0.5), file = {}, ...options }: Made): Promise<string> {
  const dir = await writeRun(join(folder.path, name), {
    ...{ steps: 20, top1: null, classes: [] },
    run: { data: { root: "my photos", layout: "unlabelled", fingerprint: "0", train: 88, val: 0, classes: [] } },
    ...options,
  });
  mkdirSync(join(dir, "eval"), { recursive: true });
  const found = {
    ...{ protocol: "indicators", split: "held out", seed: 0, step: 20, train_images: 0, val_images: 22, classes: [] },
    ...{ fingerprint: "0", notes: [], seconds: 1, settings: { viewed: 22, seed: 0 }, chance: { found_crop: 1 / 22 } },
    ...{ trained, untrained, pixels: told(0.3), neighbours: { k: 1, images: "same", indices: "" } },
    ...file,
  };
  writeFileSync(join(dir, "eval", "indicators.json"), JSON.stringify(found));
  return dir;
}

describe("runs that were looked at without labels alone", () => {
  it("are put first by what leaves no overlap, and by no more than that", async () => {
    const dirs = [
      await looked("a/simclr-0", {
        trained: told(0.5, {
          rotation: around(0.8),
          place: around(0.7),
          alignment_ratio: around(0.2),
          rank_me: { value: 90 },
        }),
      }),
      // Uniformity is better where it is lower; place overlaps.
      await looked("a/mae-0", {
        method: "mae",
        trained: told(0.5, { uniformity: around(0.1), place: around(0.62), alignment_ratio: around(0.4) }),
      }),
    ];
    const { data, path } = await writeReport(dirs, join(folder.path, "a.html"));
    expect(data.headline).toBe(
      "Without labels: 2\u00a0indicators put SimCLR first, 1 MAE and 3 neither; what that is worth has not been measured.",
    );
    expect(data.answer[0]).toBe(
      "On 22\u00a0images held out from training, 95\u00a0% intervals that do not overlap put SimCLR first by alignment ratio and rotation told and MAE first by uniformity; place told, clusters learnt and intrinsic dimension do not tell. Beside its own initial encoder, SimCLR is better by alignment ratio, rotation told and place told; MAE is better by uniformity and place told.",
    );
    expect(data.answer).toHaveLength(3);
    expect(data.answer[1]).toBe(
      "How far these indicators go with what labels would say has not been measured yet, so they are no verdict.",
    );
    expect(data.without_labels!.settles).toBe("A few labels settle which run is better:");
    const [a, b] = dirs;
    expect(data.without_labels!.settle).toEqual({
      label: `unlabel label 'my photos' --runs ${a} ${b} -o ${join(folder.path, "a", "labels.csv")}`,
      report: `unlabel report ${a} ${b} --labels ${join(folder.path, "a", "labels.csv")} -o ${join(folder.path, "a", "labelled.html")}`,
    });
    const { document } = parseHTML(readFileSync(path, "utf8"));
    const text = document.querySelector("#answer")!.textContent;
    expect(text).toContain(data.without_labels!.settle!.label);
    expect(text).not.toMatch(/linear probe|not probed/i);
    const firsts = [...document.querySelectorAll("#indicators tbody tr")].flatMap((row) =>
      row.querySelector(".first") ? [row.querySelector("th")!.textContent] : [],
    );
    expect(firsts).toEqual(["alignment ratio", "uniformity", "rotation told"]);
    expect(document.querySelectorAll("#indicators figure")).toHaveLength(4);
    expect(document.querySelector("#scores")).toBeNull();
  });

  it("are told apart by none where seeds overlap, though their means do not", async () => {
    const dirs = [];
    for (const [seed, value] of [0.8, 0.55].entries())
      dirs.push(await looked(`b/simclr-${seed}`, { seed, trained: told(0.5, { rotation: around(value) }) }));
    for (const seed of [0, 1]) dirs.push(await looked(`b/mae-${seed}`, { method: "mae", seed, trained: told(0.5) }));
    const data = await reportData(dirs);
    expect(data.groups.map(({ name }) => name)).toEqual(["SimCLR", "MAE"]);
    expect(data.headline).toBe("Without labels, no indicator tells SimCLR and MAE apart.");
    const rotation = data.without_labels!.leads.find(({ name }) => name === "rotation")!;
    expect(rotation.told[0]!.value).toBeCloseTo(0.675);
    expect(rotation.told[0]!.interval).toEqual([0.5, 0.8500000000000001]);
    // One run of each is labelled for, all are reported on.
    expect(data.without_labels!.settle!.label).not.toContain("simclr-1");
    expect(data.without_labels!.settle!.report).toContain("simclr-1");
  });

  it("are not called good where they collapsed, and put nobody first", async () => {
    const dirs = [
      await looked("c/simclr-0", { trained: told(0.5) }),
      await looked("c/mae-0", { method: "mae", trained: refused }),
    ];
    const data = await reportData(dirs);
    expect(data.answer[0]).toContain("no 95\u00a0% intervals set one run before the others.");
    expect(data.answer[0]).toContain("Nothing can be told of MAE: see Without labels.");
    expect((await reportData([dirs[1]!])).headline).toBe("Without labels, nothing can be told of MAE.");
  });

  it.each([
    ["a different number or kind of images", { val_images: 21 }],
    ["different data", { fingerprint: "1" }],
    ["different images", { neighbours: { k: 1, images: "others", indices: "" } }],
    ["a different number of images in several views", { settings: { viewed: 11, seed: 0 } }],
    ["different views of the images", { settings: { viewed: 22, seed: 1 } }],
  ])("are put before one another by nothing where they were looked at on %s", async (words, file) => {
    const name = words.replaceAll(" ", "-");
    const dirs = [
      await looked(`${name}/simclr-0`, { trained: told(0.9) }),
      await looked(`${name}/mae-0`, { method: "mae", trained: told(0.2), file }),
    ];
    const { headline, without_labels, answer } = await reportData(dirs);
    expect(answer.join(" ")).toMatch(
      /so none is put before another; evaluate each of them alike, such as: \S.* evaluate .*simclr-0 .*--protocols indicators --indicator-images 2\d --seed 0\./,
    );
    expect(headline).toBe(`SimCLR and MAE were looked at on ${words}, so no indicator puts one first.`);
    expect(without_labels!.leads.map(({ first }) => first)).toEqual(Array(6).fill(null));
  });

  it("keep their scores on the first screen where there are any", async () => {
    const dir = await looked("d/simclr-0", { trained: told(0.9), top1: 0.58, classes: ["ant", "bee"] });
    const data = await reportData([dir]);
    expect(data.without_labels).toBeNull();
    expect(data.headline).toContain("58.0\u00a0% linear-probe top-1");
    expect(data.runs[0]!.indicators).not.toBeNull();
  });
});

describe("with what labelled sets said of a combination of indicators", () => {
  const trust: Trust = {
    sets: ["photographs", "drawings", "cells"],
    checkpoints: 99,
    combination: ["uniformity", "rotation", "place"],
    judged: { right: 410, pairs: 500, interval: [0.74, 0.88] },
  };
  const WORDS =
    "On three labelled data sets (photographs, drawings and cells; 99 encoders) a combination of indicators chosen on all but one of them named the better of two encoders on that one in 410 of 500 pairs (82\u00a0%, 95\u00a0% interval 74\u00a0% to 88\u00a0%); chosen on all, it is uniformity, rotation told and place told.";
  const saying = async (name: string, simclr: object, mae: object, measured: Trust | null = trust) => {
    const dirs = [
      await looked(`${name}/simclr-0`, { trained: simclr }),
      await looked(`${name}/mae-0`, { method: "mae", trained: mae }),
    ];
    const groups = groupRuns(await readRuns(dirs));
    return { groups, said: withoutLabels(groups, measured)! };
  };

  it("the one that most put first beyond noise is likely the better one, and nothing more", async () => {
    // First by two; they overlap in place.
    const { groups, said } = await saying(
      "likely",
      told(0.5, { rotation: around(0.8), uniformity: around(0.2) }),
      told(0.5, { place: around(0.53) }),
    );
    expect(namedFirst(groups, trust)).toBe(0);
    expect(said.headline).toBe("Without labels, SimCLR is likely the better one; a few labels would settle it.");
    expect(said.verdict).toBe(
      `SimCLR is likely the better one, not certainly: the combination of indicators that stood the test puts it first. ${WORDS}`,
    );
    expect(trustWords(trust)).toBe(WORDS);
  });

  it.each([
    ["one alone", { rotation: around(0.8) }, {}],
    ["two against one", { rotation: around(0.8), place: around(0.8) }, { uniformity: around(0.2) }],
  ])("no run is put first by %s", async (name, simclr, mae) => {
    const { said } = await saying(name.replaceAll(" ", "-"), told(0.5, simclr), told(0.5, mae));
    expect(said.headline).toContain("which does not tell which is better.");
    expect(said.verdict).toContain("These indicators do not tell which run is better: the combination");
  });

  it("what nothing is told of comes last", async () => {
    const { groups } = await saying("refused", refused, told(0.5));
    expect(namedFirst(groups, trust)).toBe(1);
  });

  it("claims nothing where it was no better than chance", async () => {
    const chance = { ...trust, judged: { right: 260, pairs: 500, interval: [0.41, 0.61] as const } };
    expect(isTrusted(chance)).toBe(false);
    const { said } = await saying("chance", told(0.9), told(0.2), chance);
    expect(said.headline).not.toContain("likely");
    expect(said.verdict).toContain("no better than chance, so these indicators do not tell which run is better");
  });

  it("says what the rows at hand say, no more and no less", async () => {
    const { TRUST } = await vi.importActual<typeof import("./trust-table.ts")>("./trust-table.ts");
    const { pairs, interval } = TRUST!.judged;
    expect(interval[0]).toBeGreaterThan(0.5);
    // Better lower or higher, all that have a better end are better.
    const low = { alignment_ratio: around(0.3), uniformity: around(0.3) };
    const { said } = await saying("shipped", told(0.9, low), told(0.5), TRUST);
    expect(said.likely).toBe("SimCLR");
    expect(said.verdict).toContain("SimCLR is likely the better one, not certainly:");
    expect(said.verdict).toContain(`of ${pairs} pairs`);
  });

  it("says that nothing was measured where it was not", async () => {
    const { said } = await saying("unmeasured", told(0.9), told(0.2), null);
    expect(said.headline).toContain("what that is worth has not been measured");
    expect(said.verdict).toContain("has not been measured yet, so they are no verdict.");
  });
});

describe("beside scores by labels", () => {
  const classes = ["ant", "bee"];
  it("the report says which indicators agree with the linear probe, and which do not", async () => {
    const dirs = [
      await looked("agree/simclr-0", {
        ...{ top1: 0.58, classes },
        trained: told(0.5, { rotation: around(0.8), alignment_ratio: around(0.2) }),
      }),
      await looked("agree/mae-0", { method: "mae", top1: 0.5, classes, trained: told(0.5, { place: around(0.9) }) }),
    ];
    const { data, path } = await writeReport(dirs, join(folder.path, "agree.html"));
    const [runs, simclr, mae] = data.agreement.map((text) => text.replaceAll("\u00a0", " "));
    expect(runs).toMatch(
      /^The linear probe puts SimCLR first, 8\.0 points above MAE \(\+\d\.\d to \+\d+\.\d\); 2 of 3 indicators that put a run first agree \(alignment ratio and rotation told\), place told does not\.$/,
    );
    expect(simclr).toMatch(
      /^The linear probe finds SimCLR better than its initial encoder by [\d.]+ points \(.*\); without labels, alignment ratio and rotation told say better, which agrees\.$/,
    );
    expect(mae).toMatch(/without labels, place told says better, which agrees\.$/);
    expect(parseHTML(readFileSync(path, "utf8")).document.querySelector("#indicators")!.textContent).toContain(
      data.agreement[0],
    );
  });

  it("nothing is borne out where the scores do not tell, and nothing is said where there are not both", async () => {
    const dirs = [
      await looked("level/simclr-0", { top1: 0.55, classes, trained: told(0.5, { rotation: around(0.8) }) }),
      await looked("level/mae-0", { method: "mae", top1: 0.55, classes, trained: told(0.5) }),
    ];
    const { agreement } = await reportData(dirs);
    expect(agreement[0]).toMatch(
      /^The linear probe does not tell SimCLR .* and MAE .* apart, so that no indicator is borne out: rotation told puts SimCLR first\.$/,
    );
    expect((await reportData([await looked("alone/mae-0", { trained: told(0.5) })])).agreement).toEqual([]);
  });
});
