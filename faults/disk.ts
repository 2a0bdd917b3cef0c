// A disk that is full: a tmpfs of its own where mounting is allowed, else a limit on what a file may hold, which fails in
// the same calls (EFBIG in place of ENOSPC).
import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Case } from "./main.ts";
import { clean, expect, lastLine, Program, refused, run, succeeded } from "./program.ts";
import { copyOf, equalsWhole, pretrain, resume, sha256, stepsOf, type World } from "./world.ts";

const MB = 1e6;
/** Room for three checkpoints of 62 MB, of which a training needs as many while it saves. */
const SIZE = 210 * MB;

export function disk(root: string, quick: boolean): Case[] {
  const probe = join(root, "mount");
  mkdirSync(probe);
  const mounted = mount(probe, SIZE);
  if (mounted) unmount(probe);
  console.log(
    mounted
      ? "Full disks are tmpfs mounts."
      : "Full disks are limits on a file's size: mounting a tmpfs is not allowed here.",
  );
  if (!mounted) return [waitsForLimit(), leavesLimit()];
  return quick
    ? [waits(), leaves()]
    : [waits(), leaves(), fullToTheLastByte(), fullFromTheStart(), fullWhileProbing(), fullWhileReporting()];
}

function mount(folder: string, size: number): boolean {
  return spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]).status === 0;
}

function unmount(folder: string): void {
  spawnSync("umount", ["-l", folder]);
}

/** A case on a disk of `SIZE`, and a file that takes `ballast` bytes of it. */
function onDisk(
  name: string,
  ballast: number,
  body: (world: World, disk: string, ballast: string) => Promise<string>,
): Case {
  return {
    name: `full disk: ${name}`,
    async run(world, folder) {
      const disk = join(folder, "disk");
      mkdirSync(disk);
      expect(mount(disk, SIZE), "Expected to mount a tmpfs once more");
      try {
        const file = join(disk, "ballast");
        writeFileSync(file, Buffer.alloc(ballast));
        return await body(world, disk, file);
      } finally {
        unmount(disk);
      }
    },
  };
}

/** Adds to a file until nothing more goes onto the disk. */
function fill(file: string): void {
  const fd = openSync(file, "a");
  try {
    for (let piece = 1 << 20; piece >= 1; ) {
      try {
        writeSync(fd, Buffer.alloc(piece));
      } catch {
        piece >>= 1;
      }
    }
  } finally {
    closeSync(fd);
  }
}

const waiting = (program: Program) => () => program.err.includes("Out of disk: ");

/** What a waiting training has said, and that nothing unfinished lies about. */
function stated(program: Program, out: string): string {
  const line = program.err.split("\n").find((text) => text.startsWith("Out of disk: ")) ?? "";
  expect(
    /^Out of disk: no room for .+ in .+, where [\d.]+ (bytes|[kMG]B) are free/.test(line),
    `Expected what needs how much where, got: ${line}`,
  );
  const torn = readdirSync(join(out, "checkpoints")).filter((name) => name.includes("tmp"));
  expect(torn.length === 0, `Expected no unfinished file while it waits, got ${torn}`);
  return line.slice("Out of disk: ".length);
}

function waits(): Case {
  return onDisk(
    "training waits at a checkpoint and goes on when there is room",
    45 * MB,
    async (world, disk, ballast) => {
      const out = join(disk, "run");
      const program = new Program(pretrain(world.data, "mae", out));
      expect(await program.until(waiting(program)), `Expected it to wait, got: ${program.err}`);
      const line = stated(program, out);
      rmSync(ballast);
      succeeded(await program.ended);
      expect(program.err.includes("There is room again"), "Expected it to say that it goes on");
      equalsWhole(out, world.whole.mae);
      return `${line}; equal to the bit`;
    },
  );
}

function leaves(): Case {
  return onDisk("Ctrl-C leaves, and the last checkpoint stays", 45 * MB, async (world, disk, ballast) => {
    const out = join(disk, "run");
    const program = new Program(pretrain(world.data, "mae", out));
    expect(await program.until(waiting(program)), `Expected it to wait, got: ${program.err}`);
    stated(program, out);
    program.kill("SIGINT");
    return left(await program.ended, world, out, () => rmSync(ballast));
  });
}

/** Checks a training that was left, makes room, and resumes it. */
async function left(
  ended: Awaited<Program["ended"]>,
  world: World,
  out: string,
  makeRoom: () => void,
): Promise<string> {
  clean(ended);
  expect(ended.code === 130, `Expected exit 130, got ${ended.code ?? ended.signal}: ${lastLine(ended)}`);
  const kept = /Saved step (\d+) of/.exec(ended.err)?.[1];
  expect(kept !== undefined, `Expected it to name the step that is saved, got: ${lastLine(ended)}`);
  expect(
    stepsOf(out).length === Number(kept),
    `Expected the metrics to end at step ${kept}, got ${stepsOf(out).length}`,
  );
  makeRoom();
  succeeded(await run(resume(out)));
  equalsWhole(out, world.whole.mae);
  return `exit 130 with step ${kept} saved; resumed, equal to the bit`;
}

function fullToTheLastByte(): Case {
  return onDisk("not a byte left in the middle of an epoch", 0, async (world, disk, ballast) => {
    const out = join(disk, "run");
    const program = new Program(pretrain(world.data, "mae", out));
    await program.until(() => stepsOf(out).length >= 12);
    fill(ballast);
    expect(await program.until(waiting(program)), `Expected it to wait, got: ${program.err}`);
    const line = stated(program, out);
    rmSync(ballast);
    succeeded(await program.ended);
    equalsWhole(out, world.whole.mae);
    return `${line}; equal to the bit`;
  });
}

function fullFromTheStart(): Case {
  return onDisk("a run that cannot begin", 0, async (world, disk, ballast) => {
    fill(ballast);
    const out = join(disk, "run");
    const line = refused(await run(pretrain(world.data, "mae", out)), /room|ENOSPC|folder can be made/);
    rmSync(ballast);
    succeeded(await run(existsSync(join(out, "run.json")) ? resume(out) : pretrain(world.data, "mae", out)));
    equalsWhole(out, world.whole.mae);
    return `"${line}"; with room the same command works`;
  });
}

function fullWhileProbing(): Case {
  return onDisk("probe", 0, async (world, disk, ballast) => {
    const out = copyOf(world.finished, join(disk, "run"));
    const file = join(out, "eval", "linear.json");
    const before = sha256(file);
    fill(ballast);
    const line = refused(await run(["probe", out]), /room|ENOSPC/);
    expect(sha256(file) === before, "Expected the scores before it to stay");
    expect(
      readdirSync(join(out, "eval")).every((name) => !name.includes("tmp")),
      "Expected nothing unfinished",
    );
    return `"${line}"; the scores before it stay`;
  });
}

function fullWhileReporting(): Case {
  return onDisk("report", 0, async (world, disk, ballast) => {
    const page = join(disk, "report.html");
    fill(ballast);
    const line = refused(await run(["report", world.finished, "-o", page]), /room|ENOSPC|no space/i);
    expect(!existsSync(page) || readFileSync(page, "utf8").endsWith("</html>\n"), "Expected no part of a page");
    return `"${line}"; no part of a page`;
  });
}

/** A file may hold 30 MB: the optimizer's state does not fit. */
const FILE_KIB = 30_000;

function waitsForLimit(): Case {
  return {
    name: "file too large: training waits at a checkpoint and goes on when there is room",
    async run(world, folder) {
      const out = join(folder, "run");
      const program = new Program(pretrain(world.data, "mae", out), { fileKib: FILE_KIB });
      expect(await program.until(waiting(program)), `Expected it to wait, got: ${program.err}`);
      const line = stated(program, out);
      const lifted = spawnSync("prlimit", ["--pid", String(program.child.pid), "--fsize=unlimited"]).status === 0;
      expect(lifted, "Expected prlimit to lift the limit");
      succeeded(await program.ended);
      equalsWhole(out, world.whole.mae);
      return `${line}; equal to the bit`;
    },
  };
}

function leavesLimit(): Case {
  return {
    name: "file too large: Ctrl-C leaves, and what was saved stays",
    async run(world, folder) {
      const out = copyOf(world.interrupted, join(folder, "run"));
      const program = new Program(resume(out), { fileKib: FILE_KIB });
      expect(await program.until(waiting(program)), `Expected it to wait, got: ${program.err}`);
      stated(program, out);
      program.kill("SIGINT");
      return left(await program.ended, world, out, () => {});
    },
  };
}
