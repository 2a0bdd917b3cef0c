// Each file of a run directory in turn: cut short, one bit flipped, emptied, removed. Then the run is resumed, or probed and
// reported. It goes on to the same weights, or one line says what is wrong; which of the two is written down here.
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Case } from "./main.ts";
import { clean, type Ended, expect, lastLine, refused, run, succeeded } from "./program.ts";
import { copyOf, equalsWhole, resume } from "./world.ts";

const KINDS = {
  "cut in half": (file: string) => truncateSync(file, Math.floor(readFileSync(file).length / 2)),
  "one bit flipped": (file: string) => {
    const bytes = readFileSync(file);
    bytes[Math.floor(bytes.length * 0.7)]! ^= 4;
    writeFileSync(file, bytes);
  },
  emptied: (file: string) => truncateSync(file, 0),
  removed: (file: string) => rmSync(file),
} as const;
type Kind = keyof typeof KINDS;

/** How resuming ends: `equal` says nothing, `said` goes on and says why, `refused` names the file, `either` is up to the bit. */
type Expected = "equal" | "said" | "refused" | "either";

const RESUMED: Record<string, Expected | Partial<Record<Kind, Expected>>> = {
  "checkpoints/last.safetensors": "said",
  "checkpoints/last.state.safetensors": "said",
  "checkpoints/previous.safetensors": "equal",
  "checkpoints/previous.state.safetensors": "equal",
  "metrics.jsonl": { "one bit flipped": "either", "cut in half": "said", emptied: "said", removed: "said" },
  "run.json": { "one bit flipped": "either", "cut in half": "refused", emptied: "refused", removed: "refused" },
};

export function damage(quick: boolean): Case[] {
  const kinds = (quick ? ["one bit flipped"] : Object.keys(KINDS)) as Kind[];
  const files = Object.entries(RESUMED).slice(0, quick ? 2 : undefined);
  const resumed = files.flatMap(([file, expected]) =>
    kinds.map((kind) => resuming(file, kind, typeof expected === "string" ? expected : expected[kind]!)),
  );
  return quick ? resumed : [...resumed, bothDamaged(), ...kinds.map(finished), ...kinds.map(reading)];
}

function resuming(file: string, kind: Kind, expected: Expected): Case {
  return {
    name: `${file} ${kind}, then resumed`,
    async run(world, folder) {
      const out = copyOf(world.interrupted, join(folder, "run"));
      KINDS[kind](join(out, file));
      const ended = await run(resume(out));
      const went = expected === "either" ? ended.code === 0 : expected !== "refused";
      if (!went) return `"${refused(ended, /run\.json|run directory|metrics/)}"`;
      succeeded(ended);
      const note = /^note: (.*)$/m.exec(ended.err)?.[1];
      if (expected === "said")
        expect(note?.includes(file.split("/").at(-1)!), `Expected it to name ${file}, got ${note}`);
      if (expected === "equal") expect(note === undefined, `Expected nothing to be said, got ${note}`);
      equalsWhole(out, world.whole.mae, { metrics: file !== "metrics.jsonl" });
      return `${note ? `"${note}"; ` : ""}the weights are equal to the bit`;
    },
  };
}

function bothDamaged(): Case {
  return {
    name: "both checkpoints damaged, then resumed, probed and reported",
    async run(world, folder) {
      const out = copyOf(world.interrupted, join(folder, "run"));
      for (const name of readdirSync(join(out, "checkpoints")))
        KINDS["one bit flipped"](join(out, "checkpoints", name));
      const line = refused(await run(resume(out)), /Expected a whole checkpoint in .*, got none: .*last.*previous/);
      refused(await run(["probe", out]), /Expected whole weights in .*, got none: .*last.*previous/);
      const reported = await run(["report", out, "-o", join(folder, "report.html")]);
      succeeded(reported);
      expect(/last.* is damaged .*previous.* is damaged .*No other is whole/.test(reported.err), reported.err);
      return `"${line.slice(0, 160)}…"`;
    },
  };
}

/** A run that has nothing left to do but for the damage. */
function finished(kind: Kind): Case {
  return {
    name: `weights, or state, of a finished run ${kind}, then reported and resumed`,
    async run(world, folder) {
      for (const file of ["last.safetensors", "last.state.safetensors"]) {
        const out = copyOf(world.finished, join(folder, file));
        KINDS[kind](join(out, "checkpoints", file));
        const reported = await run(["report", out, "-o", join(folder, `${file}.html`)]);
        succeeded(reported);
        const note = lastLine(reported);
        expect(note.startsWith("note: ") && note.includes(file), `Expected the report to name ${file}, got: ${note}`);
        expect(note.includes("That of step 30 is"), `Expected the one before it to be named, got: ${note}`);
        const resumed = await run(resume(out));
        succeeded(resumed);
        const said = /^note: (.*)$/m.exec(resumed.err)?.[1];
        expect(said?.includes(file), `Expected resuming to name ${file}, got ${said}`);
        equalsWhole(out, world.whole.mae);
        rmSync(out, { recursive: true });
      }
      return "both say which and that the checkpoint of step 30 is whole; the steps after it are done again, equal to the bit";
    },
  };
}

/** Everything in a finished run, one file after the other, under probe and report: done, or one line that names a file. */
function reading(kind: Kind): Case {
  return {
    name: `each file of a finished run ${kind}, then reported (weights: probed)`,
    async run(world, folder) {
      const told: string[] = [];
      const files = readdirSync(world.finished, { recursive: true, encoding: "utf8" }).filter((name) =>
        /\.(json|jsonl|png)$|last\.safetensors$/.test(name),
      );
      // One picture stands for all.
      const some = files.filter((name) => !name.endsWith(".png") || /mae-1-original/.test(name));
      for (const [i, file] of some.entries()) {
        const out = copyOf(world.finished, join(folder, `run-${i}`));
        KINDS[kind](join(out, file));
        const page = join(folder, `report-${i}.html`);
        const ended = await run(file.endsWith("safetensors") ? ["probe", out] : ["report", out, "-o", page]);
        if (file.endsWith("safetensors")) {
          const note = /^note: .*last\.safetensors is .*; the weights of step 30 are used$/m;
          expect(
            ended.code === 0 && note.test(ended.err),
            `Expected the weights before ${file}, said aloud, got: ${ended.err}`,
          );
        }
        told.push(`${file} ${outcome(ended, page)}`);
        rmSync(out, { recursive: true });
      }
      return told.join(", ");
    },
  };
}

function outcome(ended: Ended, page: string): string {
  clean(ended);
  if (ended.code === 0) {
    expect(!existsSync(page) || /<\/html>\s*$/.test(readFileSync(page, "utf8")), "Expected a whole page");
    return ended.err.includes("are used") ? "done, with a note" : "done";
  }
  refused(ended, /\//);
  return `refused (${lastLine(ended).slice(7, 60)}…)`;
}
