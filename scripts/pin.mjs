// Writes packages/torch/setup/requirements-{cpu,cuda}.txt: the pinned LibTorch and the libraries that it needs beside
// it, with the hashes of every wheel that set-up may meet. To move to another LibTorch, change PINNED in
// packages/torch/setup/libtorch.mjs and run `node scripts/pin.mjs` (2 minutes).
import { writeFileSync } from "node:fs";
import { PINNED } from "../packages/torch/setup/index.mjs";
import { CPU_LIBRARIES, nvidiaLibraries, resolve } from "./wheels.mjs";

const PYTHONS = ["3.11", "3.12", "3.13", "3.14"];
// pip takes a platform's name literally, so each glibc that some wheel names has to be listed.
const GLIBC = ["2_28", "2_27", "2_26", "2_25", "2_24", "2_18", "2_17", "2_12", "2_5"];
const LINUX = ["x86_64", "aarch64"].map((arch) => [
  ...GLIBC.map((glibc) => `manylinux_${glibc}_${arch}`),
  ...["2014", "2010", "1"].map((year) => `manylinux${year}_${arch}`),
]);
const OTHERS = [["macosx_14_0_arm64"], ["win_amd64"]];

/** One requirement with all its hashes. */
function entry(wheels, marker = "") {
  const hashes = [...new Set(wheels.map(({ hash }) => hash))].map((hash) => `    --hash=${hash}`);
  return [`${wheels[0].name}==${wheels[0].version}${marker}`, ...hashes].join(" \\\n");
}

function write(kind, about, torch, libraries) {
  const lines = [
    `# ${about}`,
    "# Made by scripts/pin.mjs. Only native libraries: no Python runs afterwards.",
    entry(torch),
  ];
  for (const wheels of libraries) lines.push(entry(wheels, ' ; sys_platform == "linux"'));
  writeFileSync(new URL(`../packages/torch/setup/requirements-${kind}.txt`, import.meta.url), `${lines.join("\n")}\n`);
}

const torch = PYTHONS.flatMap((python) =>
  [...LINUX, ...OTHERS].flatMap((platforms) => resolve([`torch==${PINNED}`], { python, platforms })),
);
const nvidia = nvidiaLibraries(torch[0], { platforms: LINUX[0] });
const runtime = nvidia.find((name) => name.startsWith("nvidia-cuda-runtime"));
// Headers alone, which NCCL's library is built with.
const headers = ["crt", "cccl"].map((name) => runtime.replace("runtime", name));
const [x86, arm] = LINUX.map((platforms) => resolve([...nvidia, ...headers], { platforms }));
const libraries = x86.map((wheel) => [
  wheel,
  ...arm.filter(({ name, version }) => name === wheel.name && version === wheel.version),
]);

const needed = libraries.filter(([{ name }]) => CPU_LIBRARIES.test(name));
write("cpu", `LibTorch ${PINNED} without a GPU: libtorch_cpu needs two small CUDA libraries to load.`, torch, needed);
write(
  "cuda",
  `LibTorch ${PINNED} with a GPU: all of NVIDIA's libraries that it requires, and headers for NCCL.`,
  torch,
  libraries,
);
