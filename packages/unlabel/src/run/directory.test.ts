import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { temporaryName } from "../base/files.ts";
import { withoutPrivileges } from "../testing/data.ts";
import { info, placeForEach, row, save } from "../testing/run-folder.ts";
import { RunDirectory } from "./directory.ts";

const place = placeForEach();

describe("create and open", () => {
  it("says in one line what may not be written", async () => {
    const run = RunDirectory.create(place.path, info);
    run.log(row(1));
    save(run, 1);
    chmodSync(join(place.path, "metrics.jsonl"), 0o444);
    for (const name of [join(place.path, "checkpoints"), place.path, place.folder]) chmodSync(name, 0o555);
    await withoutPrivileges(() => {
      const denied = /Expected to be able to write .*run.*, got no permission \(EACCES\)/;
      expect(() => run.update({ status: "done" })).toThrow(denied);
      expect(() => run.log(row(2))).toThrow(denied);
      expect(() => run.rewind(0)).toThrow(denied);
      expect(() => save(run, 2)).toThrow(denied);
      expect(() => RunDirectory.create(join(place.path, "other"), info)).toThrow(denied);
    });
  });

  it("names the runs that a folder holds which is none itself", () => {
    for (const name of ["a", "b", "c", "d"]) RunDirectory.create(join(place.path, name), info);
    const some = ["a", "b", "c"].map((name) => join(place.path, name)).join(", ");
    expect(() => RunDirectory.open(place.path)).toThrow(
      `got ${place.path}, which holds runs: name one of them, such as ${some}, and 1 more`,
    );
  });

  it("gives back what was written", () => {
    const run = RunDirectory.create(place.path, info);
    run.update({ status: "done", finished: "2026-01-01T00:01:00.000Z" });
    expect(RunDirectory.open(place.path).info).toEqual({
      ...info,
      status: "done",
      finished: "2026-01-01T00:01:00.000Z",
    });
    expect(readdirSync(place.path).sort()).toEqual(["checkpoints", "run.json"]);
  });

  it("takes a folder that is empty but for a lock and what was cut off, refuses a full one and says what to do", () => {
    mkdirSync(place.path);
    writeFileSync(join(place.path, "lock"), "");
    writeFileSync(temporaryName(join(place.path, "run.json")), '{"schema": 1, "sta');
    RunDirectory.create(place.path, info);
    expect(() => RunDirectory.create(place.path, info)).toThrow(UserError);
    expect(() => RunDirectory.create(place.path, info)).toThrow(
      /got .*run; continue it with --resume or name another --out/,
    );
    const other = join(place.path, "checkpoints", "x");
    mkdirSync(other);
    expect(() => RunDirectory.create(join(place.path, "checkpoints"), info)).toThrow(/; name another --out/);
  });

  it.each([
    ["no folder", undefined, "Expected a run directory"],
    ["half a run.json", '{"schema": 1', "Expected JSON in"],
    ["a later version's run", '{"schema": 3, "versions": {"unlabel": "9.1.0"}}', "open it with unlabel 9.1.0"],
    [
      "an older version's run that cannot be read",
      '{"schema": 0}',
      "got 0 (too old for it); open it with unlabel an older",
    ],
    ["no object", "null", "Expected a schema number in"],
    ["a schema that is no number", '{"schema": "1"}', 'got "1"; it is damaged'],
    ["a run.json without its parts", '{"schema": 1}', "got something else at status"],
    [
      "a config that makes no sense",
      JSON.stringify({ ...info, config: { method: "simclr", batch: 0.5 } }),
      "batch, got 0.5",
    ],
    [
      "a removed setting",
      JSON.stringify({ ...info, config: { ...info.config, gone: 1 } }),
      "; the run was begun by unlabel 0.1.0",
    ],
  ])("refuses %s", (_, content, message) => {
    if (content !== undefined) {
      mkdirSync(place.path);
      writeFileSync(join(place.path, "run.json"), content);
    }
    expect(() => RunDirectory.open(place.path)).toThrow(message);
  });

  it("keeps the old run.json where writing the new one was cut off", () => {
    RunDirectory.create(place.path, info);
    writeFileSync(join(place.path, "run.json.tmp"), '{"schema": 1, "sta');
    expect(RunDirectory.open(place.path).info).toEqual(info);
  });
});
