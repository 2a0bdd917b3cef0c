// What a training leans on goes away: its images, its memory.
import { cpSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Case } from "./main.ts";
import { expect, Program, refused, run, succeeded } from "./program.ts";
import { copyOf, equalsWhole, pretrain, resume, stepsOf } from "./world.ts";

export function resources(quick: boolean): Case[] {
  return quick ? [vanishing()] : [vanishing(), vanished(), outOfMemory()];
}

function vanishing(): Case {
  return {
    name: "the images' folder is removed in the middle of a training",
    async run(world, folder) {
      const [data, away, out] = [join(folder, "data"), join(folder, "away"), join(folder, "run")];
      cpSync(world.data, data, { recursive: true });
      const program = new Program(pretrain(data, "mae", out));
      await program.until(() => stepsOf(out).length >= 13);
      renameSync(data, away);
      const line = refused(await program.ended, /Expected readable images in .*the file is gone/);
      const saved = stepsOf(out).length;
      renameSync(away, data);
      succeeded(await run(resume(out)));
      equalsWhole(out, world.whole.mae);
      return `stopped at step ${saved}, "${line.slice(0, 100)}…"; brought back and resumed, equal to the bit`;
    },
  };
}

function vanished(): Case {
  return {
    name: "the images' folder is gone when a run is resumed, probed",
    async run(world, folder) {
      const data = join(folder, "data");
      cpSync(world.data, data, { recursive: true });
      const out = copyOf(world.interrupted, join(folder, "run"));
      renameSync(data, join(folder, "away"));
      const lines = [
        refused(await run(["pretrain", data, "--resume", "--out", out]), /does not exist|Expected a folder/),
        refused(await run(["probe", out, "--data", data]), /does not exist|Expected a folder/),
      ];
      return `"${lines.join('" and "')}"`;
    },
  };
}

function outOfMemory(): Case {
  return {
    name: "out of memory",
    async run(world, folder) {
      const out = join(folder, "run");
      const args = pretrain(world.data, "simclr", out);
      args[args.indexOf("--size") + 1] = "768";
      args[args.indexOf("--batch") + 1] = "40";
      const ended = await run(args, { memoryKib: 6_000_000 });
      const line = refused(ended, /Expected room for .* in memory, got none; lower --batch \(now 40\)/);
      expect(stepsOf(out).length === 0, "Expected no step");
      return `"${line}"`;
    },
  };
}
