// `npm run test:million [-- --count N]`: a folder of 1,000,000 images is listed whole, in order and in bounded memory. The files are
// hard links to a few empty ones, on a file system in memory where there is one; listing runs in a process of its own.
import { fork } from "node:child_process";
import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { openData } from "../data/open.ts";

/** Most memory that a process takes which lists so many files: what Node itself needs, and for each file. */
const PROCESS_MB = 150;
const FILE_BYTES = 700;
/** Some file systems allow no more than 65,000 links to a file. */
const LINKS = 50_000;

interface Listed {
  images: number;
  wrong: string | null;
  seconds: number;
  peakMb: number;
}

/** As its place among all of them says, so that the order by name is the order of the numbers. */
const nameOf = (index: number) => `${String(index).padStart(7, "0")}.jpg`;

async function list(root: string): Promise<Listed> {
  const began = performance.now();
  const { train, val } = await openData(root);
  const seconds = (performance.now() - began) / 1000;
  const at = train.items.findIndex(({ path }, index) => path !== nameOf(index));
  const wrong = at >= 0 ? `${train.items[at]?.path} in place ${at}` : val ? "a val split" : null;
  return { images: train.items.length, wrong, seconds, peakMb: process.resourceUsage().maxRSS / 1024 };
}

function listApart(root: string): Promise<Listed> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, [], { env: { ...process.env, UNLABEL_LIST: root } });
    child.once("message", (listed) => resolve(listed as Listed));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`Expected a list, got exit code ${code}`)));
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { count: { type: "string", default: "1000000" } } });
  const count = Number(values.count);
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "unlabel-million-"));
  try {
    const images = join(folder, "images");
    mkdirSync(images);
    // Not in the order in which they are to come out.
    for (let i = count - 1; i >= 0; i--) {
      const original = join(folder, String(Math.floor(i / LINKS)));
      if (!existsSync(original)) writeFileSync(original, "");
      linkSync(original, join(images, nameOf(i)));
    }
    const { images: found, wrong, seconds, peakMb } = await listApart(images);
    const most = PROCESS_MB + (count * FILE_BYTES) / 1e6;
    console.log(
      `${found} images listed in ${seconds.toFixed(1)} s, in order; ${Math.round(peakMb)} MB at most, of ${most} MB allowed`,
    );
    const problem =
      found !== count ? `${found} images of ${count}` : (wrong ?? (peakMb > most ? `${Math.round(peakMb)} MB` : null));
    if (problem === null) return;
    console.log(`wrong: ${problem}`);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const root = process.env.UNLABEL_LIST;
if (root === undefined) await main();
else process.send?.(await list(root));
