// What the new program must make of the old one's runs. Every case works on copies.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { BoundCase } from "../faults/cases.ts";
import { expect } from "../faults/program.ts";
import { copyOf, sha256, stepsOf } from "../faults/world.ts";
import { answer, distance, type Evaluation, endedAs, type Info, json, sameScores } from "./equal.ts";
import { compare, embed, evaluate, knn, type Made, METHODS, type Method, resume, STEPS, search } from "./made.ts";

/** A ResNet is encoded with norms folded into its convolutions since: the same arithmetic in another order, in float32. A ViT is as it was. */
const MOST_APART: Record<Method, number> = { simclr: 1e-5, mae: 0 };

export function checks(made: Made): BoundCase[] {
  return [
    finishedComparison(made),
    interruptedComparison(made),
    ...METHODS.flatMap((method) => [
      scores(made, method),
      interruptedScores(made, method),
      resumes(made, method),
      features(made, method),
      neighbours(made, method),
    ]),
    report(made),
  ];
}

function scores({ runs }: Made, method: Method): BoundCase {
  return {
    name: `${method}, done: the same scores`,
    async run(folder) {
      const old = join(runs, `${method}-done`);
      const { linear, knn } = await answer<{ linear: Evaluation; knn: Evaluation }>(
        evaluate(copyOf(old, join(folder, "run"))),
      );
      return [sameScores(old, "linear", linear), sameScores(old, "knn", knn)].join("; ");
    },
  };
}

function interruptedScores({ runs }: Made, method: Method): BoundCase {
  return {
    name: `${method}, interrupted: the same scores`,
    async run(folder) {
      const old = join(runs, `${method}-interrupted`);
      return sameScores(old, "knn", await answer<Evaluation>(knn(copyOf(old, join(folder, "run")))));
    },
  };
}

function resumes({ runs }: Made, method: Method): BoundCase {
  return {
    name: `${method}, interrupted: resumes to the end`,
    async run(folder) {
      const path = copyOf(join(runs, `${method}-interrupted`), join(folder, "run"));
      await answer(resume(path));
      const steps = stepsOf(path);
      expect(
        steps.length === STEPS && steps.every((step, i) => step === i + 1),
        `Expected each of ${STEPS} steps once, got ${steps}`,
      );
      return endedAs(path, join(runs, `${method}-done`), method);
    },
  };
}

function features({ runs, data }: Made, method: Method): BoundCase {
  return {
    name: `${method}, done: the same features`,
    async run(folder) {
      const path = copyOf(join(runs, `${method}-done`), join(folder, "run"));
      const output = join(folder, "features.npy");
      const { images, dim } = await answer<{ images: number; dim: number }>(embed(path, data, output));
      const apart = distance(output, join(runs, `features-${method}.npy`));
      const most = MOST_APART[method];
      expect(apart <= most, `Expected features at most ${most} of their length apart, got ${apart}`);
      return `${images} × ${dim}, ${apart === 0 ? "equal to the bit" : `${apart} of their length apart`}`;
    },
  };
}

function neighbours({ runs, data }: Made, method: Method): BoundCase {
  interface Answer {
    found: { path: string; similarity: number }[];
  }
  return {
    name: `${method}, done: the same neighbours`,
    async run(folder) {
      const listed = ({ found }: Answer) => found.map((one) => `${one.path} ${one.similarity.toFixed(5)}`);
      const now = await answer<Answer>(search(copyOf(join(runs, `${method}-done`), join(folder, "run")), data));
      const before = listed(json<Answer>(join(runs, `search-${method}.json`)));
      expect(listed(now).join() === before.join(), `Expected ${before}, got ${listed(now)}`);
      return `${before.length}, as near as they were`;
    },
  };
}

function report({ runs }: Made): BoundCase {
  return {
    name: "all of them in one report",
    async run(folder) {
      const names = METHODS.flatMap((method) => [`${method}-done`, `${method}-interrupted`]);
      const compared = ["simclr-0", "mae-0"].map((name) => join("compare-done", name));
      const copies = [...names, ...compared].map((name) => copyOf(join(runs, name), join(folder, name)));
      const output = join(folder, "report.html");
      const { runs: reported, ended } = await answer<{ runs: { dir: string; status: string; top1: number | null }[] }>([
        "report",
        ...copies,
        "-o",
        output,
        "--json",
      ]);
      expect(!/^note:/m.test(ended.err), `Expected nothing to be damaged, got: ${ended.err}`);
      for (const path of copies) {
        const found = reported.find(({ dir }) => dir === path);
        const { status } = json<Info>(join(path, "run.json"));
        expect(found?.status === status, `Expected ${path} with status ${status}, got ${JSON.stringify(found)}`);
        if (status !== "done") continue;
        const { top1 } = json<Evaluation>(join(path, "eval", "linear.json"));
        expect(found.top1 === top1, `Expected top-1 ${top1} for ${path}, got ${found.top1}`);
      }
      return `${reported.length} runs, ${Math.round(statSync(output).size / 1000)} kB`;
    },
  };
}

interface Compared {
  runs: { name: string; status: string }[];
}

function allDone({ runs }: Compared): void {
  const told = runs.map(({ name, status }) => `${name} ${status}`).join(", ");
  expect(told === "simclr-0 done, mae-0 done", `Expected both runs to be done, got ${told}`);
}

function finishedComparison({ runs, data }: Made): BoundCase {
  return {
    name: "compare, finished: nothing is done again",
    async run(folder) {
      const out = copyOf(join(runs, "compare-done"), join(folder, "compare"));
      const before = filesOf(out);
      allDone(await answer<Compared>(compare(data, out)));
      const after = filesOf(out);
      const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
        (name) => before[name] !== after[name],
      );
      expect(changed.length === 0, `Expected the runs to stay as they are, got changes in ${changed}`);
      return `${Object.keys(before).length} files as they were`;
    },
  };
}

/** Hashes of all files of a comparison's runs. */
function filesOf(out: string): Record<string, string> {
  const files = readdirSync(out, { recursive: true, encoding: "utf8" }).filter((name) =>
    /^(simclr|mae)-0\b/.test(name),
  );
  return Object.fromEntries(
    files.filter((name) => statSync(join(out, name)).isFile()).map((name) => [name, sha256(join(out, name))]),
  );
}

function interruptedComparison({ runs, data }: Made): BoundCase {
  return {
    name: "compare, interrupted: goes on to the end",
    async run(folder) {
      const out = copyOf(join(runs, "compare-interrupted"), join(folder, "compare"));
      const checkpoint = join("simclr-0", "checkpoints", "last.safetensors");
      const before = sha256(join(out, checkpoint));
      allDone(await answer<Compared>(compare(data, out)));
      expect(sha256(join(out, checkpoint)) === before, "Expected the finished run to stay as it is, got another");
      return `second run: ${endedAs(join(out, "mae-0"), join(runs, "compare-done", "mae-0"), "mae")}`;
    },
  };
}
