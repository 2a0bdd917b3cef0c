// Writes packages/torch/setup/requirements-{cpu,cuda}.txt: the pinned LibTorch and the libraries that it needs beside
// it, with the hashes of every wheel that set-up may meet. Run it to move to another LibTorch: `node scripts/pin.mjs`
// after changing PINNED in packages/torch/setup/libtorch.mjs. It asks pip's own resolver and downloads no wheel.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PINNED } from "../packages/torch/setup/index.mjs";

const PYTHONS = ["3.11", "3.12", "3.13", "3.14"];
const LINUX = ["x86_64", "aarch64"].map((arch) =>
  ["2_28", "2_27", "2_26", "2_25", "2_24", "2_18", "2_17", "2_12", "2_5"]
    .map((glibc) => `manylinux_${glibc}_${arch}`)
    .concat(["2014", "2010", "1"].map((year) => `manylinux${year}_${arch}`)),
);
const OTHERS = [["macosx_14_0_arm64"], ["win_amd64"]];
const scratch = mkdtempSync(join(tmpdir(), "unlabel-pin-"));

/** What pip would install, asked for a Python and a platform that need not be this one. */
function resolve(python, platforms, ...requirements) {
  const report = join(scratch, "report.json");
  const where = ["--python-version", python, ...platforms.flatMap((platform) => ["--platform", platform])];
  const args = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--dry-run",
    "--ignore-installed",
    "--no-deps",
    "--only-binary=:all:",
  ];
  execFileSync("python3", [...args, "--target", scratch, ...where, "--report", report, ...requirements], {
    stdio: "inherit",
  });
  return JSON.parse(readFileSync(report, "utf8")).install.map(({ metadata, download_info: { archive_info } }) => ({
    name: metadata.name,
    version: metadata.version,
    requires: metadata.requires_dist ?? [],
    hash: `sha256:${archive_info.hashes.sha256}`,
  }));
}

/** One requirement with all its hashes. */
function entry(wheels, marker = "") {
  const { name, version } = wheels[0];
  const hashes = [...new Set(wheels.map(({ hash }) => hash))].map((hash) => `    --hash=${hash}`);
  return [`${name}==${version}${marker}`, ...hashes].join(" \\\n");
}

try {
  const torch = PYTHONS.flatMap((python) =>
    [...LINUX, ...OTHERS].flatMap((platforms) => resolve(python, platforms, `torch==${PINNED}`)),
  );

  // NVIDIA's libraries: those that torch names itself, and those behind the extras of cuda-toolkit that it asks for.
  const nvidia = torch[0].requires
    .filter((line) => line.startsWith("nvidia-"))
    .map((line) => line.split(";")[0].trim());
  const [, extras, version] = /^cuda-toolkit\[([^\]]+)\]==([\d.]+)/.exec(
    torch[0].requires.find((line) => line.startsWith("cuda-toolkit")),
  );
  const toolkit = resolve("3.12", LINUX[0], `cuda-toolkit==${version}`)[0].requires;
  for (const extra of extras.split(","))
    for (const line of toolkit)
      if (new RegExp(`extra == ["']${extra}["']`).test(line))
        nvidia.push(line.split(";")[0].trim().replace(/\.\*$/, ""));

  const marker = ' ; sys_platform == "linux"';
  const [x86, arm] = LINUX.map((platforms) => resolve("3.12", platforms, ...new Set(nvidia)));
  const libraries = x86.map((wheel) => [
    wheel,
    ...arm.filter(({ name, version }) => name === wheel.name && version === wheel.version),
  ]);
  const write = (kind, about, chosen) => {
    const text = [
      `# ${about}`,
      "# Made by scripts/pin.mjs; only the native libraries, since no Python runs afterwards.",
      entry(torch),
      ...chosen.map((wheels) => entry(wheels, marker)),
    ];
    writeFileSync(new URL(`../packages/torch/setup/requirements-${kind}.txt`, import.meta.url), `${text.join("\n")}\n`);
  };
  const needed = libraries.filter(([{ name }]) => ["nvidia-cuda-runtime", "nvidia-cuda-cupti"].includes(name));
  write("cpu", `LibTorch ${PINNED} without a GPU: libtorch_cpu needs two small CUDA libraries to load.`, needed);
  write("cuda", `LibTorch ${PINNED} with a GPU: all of NVIDIA's libraries that it requires.`, libraries);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
