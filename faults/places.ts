// Places that take no file: refused in one line before the work, and nothing that lies there is touched.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Case } from "./main.ts";
import { clean, expect, lastLine, run, succeeded } from "./program.ts";
import { copyOf, pretrain, resume, sha256 } from "./world.ts";

export function places(quick: boolean): Case[] {
  return quick ? [] : [unfit(), readOnly()];
}

/** The one line that a command refuses with. @throws {Error} unless it does */
async function refusal(args: readonly string[], pattern: RegExp): Promise<string> {
  const ended = await run(args);
  clean(ended);
  const line = lastLine(ended);
  expect(ended.code === 1 || ended.code === 2, `Expected ${args.join(" ")} to be refused, got ${ended.code}: ${line}`);
  expect(ended.err.startsWith("error: ") && ended.err.trim() === line, `Expected one line, got: ${ended.err}`);
  expect(pattern.test(line), `Expected a line that matches ${pattern}, got: ${line}`);
  return line;
}

function unfit(): Case {
  return {
    name: "names that cannot be meant for report, page and features",
    async run(world, folder) {
      const out = copyOf(world.finished, join(folder, "run"));
      const weights = join(out, "checkpoints", "last.safetensors");
      const photo = copyOf(join(world.data, "train", "class-0", "0.jpg"), join(folder, "photo.jpg"));
      const before = [weights, photo].map(sha256).join();
      await refusal(["report", out, "-o", weights], /ends in \.html or \.htm for -o/);
      await refusal(["report", out, "-o", photo], /ends in \.html or \.htm for -o/);
      await refusal(["report", out, "-o", folder], /got the folder/);
      await refusal(["report", out, "-o", "/dev/full"], /ends in \.html or \.htm for -o/);
      await refusal(["report", out, "-o", join(photo, "r.html")], /a file where a folder would have to be/);
      await refusal(["search", out, photo, "--in", world.data, "--html", photo], /ends in \.html or \.htm for --html/);
      await refusal(["data", "check", world.data, "--no-forecast", "--html", photo], /\.html/);
      await refusal(["compare", world.data, "--epochs", "1", "--out", join(folder, "c"), "-o", photo], /for -o/);
      const line = await refusal(["embed", out, world.data, "-o", weights], /among what a run keeps of its own/);
      expect([weights, photo].map(sha256).join() === before, "Expected weights and photograph to stay as they were");
      return `"${line}"`;
    },
  };
}

function readOnly(): Case {
  return {
    name: "a run directory on a read-only file system",
    async run(world, folder) {
      const disk = join(folder, "disk");
      mkdirSync(disk);
      if (spawnSync("mount", ["-t", "tmpfs", "tmpfs", disk]).status !== 0)
        return "not tried: mounting is not allowed here";
      try {
        const out = copyOf(world.interrupted, join(disk, "run"));
        writeFileSync(join(disk, "page.html"), "old");
        spawnSync("mount", ["-o", "remount,ro", disk]);
        const pattern = /^error: Expected to be able to write .*, got a file system that is read-only \(EROFS\)/;
        for (const args of [
          pretrain(world.data, "mae", join(disk, "new")),
          resume(out),
          ["probe", out],
          ["report", out, "-o", join(disk, "page.html")],
          ["embed", out, world.data, "-o", join(disk, "f.npy")],
        ]) {
          await refusal(args, pattern);
        }
        succeeded(await run(["report", out, "-o", join(folder, "page.html")]));
        return `"${await refusal(resume(out), pattern)}"; it can be reported on from elsewhere`;
      } finally {
        spawnSync("umount", ["-l", disk]);
      }
    },
  };
}
