// Asks pip's resolver which wheels it would install, for a Python and a platform that need not be this one; it downloads
// their metadata alone.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Python for which every LibTorch that is supported has a wheel. */
export const PYTHON = "3.12";

/**
 * @param {string[]} requirements
 * @param {{ python?: string, platforms?: string[] }} [where]
 * @returns {{ name: string, version: string, requires: string[], hash: string }[]}
 * @throws {Error} with pip's words, for one where the index does not answer
 */
export function resolve(requirements, { python = PYTHON, platforms = [] } = {}) {
  const scratch = mkdtempSync(join(tmpdir(), "unlabel-wheels-"));
  try {
    const report = join(scratch, "report.json");
    const where = [
      "--target",
      scratch,
      "--python-version",
      python,
      ...platforms.flatMap((name) => ["--platform", name]),
    ];
    const how = ["--quiet", "--dry-run", "--ignore-installed", "--no-deps", "--only-binary=:all:", "--report", report];
    const { status, stderr, error } = spawnSync(
      "python3",
      ["-m", "pip", "install", ...how, ...where, ...requirements],
      {
        encoding: "utf8",
        env: { ...process.env, PIP_BREAK_SYSTEM_PACKAGES: "1" },
      },
    );
    if (status !== 0) throw new Error(error?.message ?? stderr.trim());
    return JSON.parse(readFileSync(report, "utf8")).install.map(({ metadata, download_info: { archive_info } }) => ({
      name: metadata.name,
      version: metadata.version,
      requires: metadata.requires_dist ?? [],
      hash: `sha256:${archive_info.hashes.sha256}`,
    }));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * NVIDIA's libraries that a torch asks for, as pip requirements: those that it names itself and those behind the extras of
 * cuda-toolkit (2.10 and newer).
 * @param {{ requires: string[] }} torch
 * @param {{ platforms?: string[] }} [where]
 */
export function nvidiaLibraries(torch, where) {
  // "nvidia-x (==1.2) ; marker" in old metadata, "nvidia-x==1.2; marker" in new.
  const bare = (line) =>
    line
      .split(";")[0]
      .replace(/[()\s]/g, "")
      .replace(/\.\*$/, "");
  const found = torch.requires.filter((line) => line.startsWith("nvidia-")).map(bare);
  const toolkit = torch.requires.map((line) => /^cuda-toolkit\[([^\]]+)\](==[\d.]+)/.exec(line)).find(Boolean);
  if (!toolkit) return found;
  const [, extras, version] = toolkit;
  const { requires } = resolve([`cuda-toolkit${version}`], where)[0];
  for (const extra of extras.split(","))
    found.push(...requires.filter((line) => new RegExp(`extra == ["']${extra}["']`).test(line)).map(bare));
  return [...new Set(found)];
}

/** Those of NVIDIA's libraries without which libtorch_cpu does not load. */
export const CPU_LIBRARIES = /^nvidia-cuda-(runtime|cupti)/;
