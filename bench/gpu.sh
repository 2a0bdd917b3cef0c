#!/usr/bin/env bash
# Measures on a machine that has a Python with PyTorch (CUDA or not) and a C++ compiler, but no Node, no CMake, no clone and no network:
#   bench/gpu.sh pack [FILE.tar]                  here: Node, its packages, what is built, sources, CMake, libjpeg and images in one file
#   tar xf FILE.tar; unlabel-gpu/tree/bench/gpu.sh run [--device cpu|cuda] [--quick] [--rows PATTERN]
#                                                 there: builds the bridge against that PyTorch, checks that the GPU computes what the
#                                                 CPU does, and prints the table beside PyTorch; the last line says what of that was
#                                                 done, and on what
#   bench/gpu.sh rehearse [flags of run]          here, as root: packs, and runs in a bare Debian 12 that has a compiler and, by UNLABEL_PEERS,
#                                                 a Python with PyTorch; without a GPU all that does not need one
# UNLABEL_PEERS names folders of Python packages where they are not python3's own; UNLABEL_BENCH_DATA the images to pack.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
bundle=$(dirname "$root")

pack() {
  local file=${1:-unlabel-gpu.tar} images=${UNLABEL_BENCH_DATA:-$bundle/shared/data/imagenette} stage name
  [ -d "$images" ] || { echo "Expected images in $images; name their folder with UNLABEL_BENCH_DATA" >&2; exit 1; }
  stage=$(mktemp -d)
  # shellcheck disable=SC2064 # its value now
  trap "rm -rf '$stage'" EXIT
  local into=$stage/unlabel-gpu
  mkdir -p "$into"/{tree,node/bin,tools,jpeg/include,jpeg/lib,shared/data}
  cd "$root"
  # The last commit, so that numbers have one; packages that only check, test or draw the demo stay here.
  git archive HEAD | tar -x -C "$into/tree"
  git rev-parse HEAD >"$into/commit"
  tar -c --exclude='node_modules/emoji-*' --exclude='node_modules/@biomejs' --exclude='node_modules/*typescript' \
    --exclude='node_modules/playwright*' --exclude='node_modules/@rolldown' --exclude='node_modules/lightningcss*' \
    --exclude='node_modules/.cache' node_modules | tar -x -C "$into/tree"
  (cd "$into/tree" && "$root/node_modules/.bin/tsc" -b packages/torch packages/unlabel)
  cp "$(node -p process.execPath)" "$into/node/bin/node"
  python3 -m pip install --quiet --no-input --root-user-action=ignore --target "$into/tools" cmake ninja
  # The programs themselves: their Python wrappers look for packages.
  mv "$into/tools/bin/ninja" "$into/tools/cmake/data/bin"
  rm -r "$into/tools/bin"
  for name in jpeglib jmorecfg jerror jconfig; do
    cp "$(printf '#include <%s.h>\n' "$name" | c++ -M -xc++ -include cstdio - | tr ' ' '\n' | grep "/$name\.h$")" "$into/jpeg/include"
  done
  cp -L "$(c++ -print-file-name=libjpeg.so)" "$into/jpeg/lib/libjpeg.so.62"
  ln -s libjpeg.so.62 "$into/jpeg/lib/libjpeg.so"
  [ ! -d "$bundle/shared/peers" ] || cp -r "$bundle/shared/peers" "$into/shared"
  # Links are followed: a data set may be one.
  cp -rL "$images" "$into/shared/data/imagenette"
  cd "$OLDPWD"
  tar -cf "$file" -C "$stage" unlabel-gpu
  du -h "$file"
}

run() {
  # What is under way, for the last line.
  part="finding what is here"
  trap 'status=$?; [ "$status" = 0 ] || echo "gpu.sh: stopped at $part (exit $status); what was done before it stands above" >&2' EXIT
  # In a clone there is no bundle: Node, CMake and libjpeg are the machine's.
  if [ -x "$bundle/node/bin/node" ]; then
    export PATH=$bundle/node/bin:$bundle/tools/cmake/data/bin:$PATH CMAKE_GENERATOR=Ninja CMAKE_PREFIX_PATH=$bundle/jpeg
    export UNLABEL_CACHE=$bundle/cache
  fi
  command -v c++ >/dev/null || { echo "Expected a C++ compiler on PATH, found none" >&2; exit 1; }
  local folders
  # Where python3 has them; the folder of this script holds no torch of somebody's.
  folders=$(cd "$root/bench" && PYTHONPATH=${UNLABEL_PEERS:-} python3 - <<'PYTHON'
import importlib.util, os
found = []
for name in ("torch", "torchvision", "PIL", "lightly"):
    spec = importlib.util.find_spec(name)
    if spec and spec.origin:
        found.append(os.path.dirname(os.path.dirname(spec.origin)))
    elif name == "torch":
        raise SystemExit("Expected PyTorch in python3, found none; name its folder with UNLABEL_PEERS")
print(os.pathsep.join(dict.fromkeys(found)))
PYTHON
  )
  export UNLABEL_PEERS=$folders LIBTORCH=${folders%%:*}/torch
  cd "$root"
  [ ! -e "$bundle/commit" ] || { BENCH_COMMIT=$(cat "$bundle/commit") && export BENCH_COMMIT; }
  echo "LibTorch: $LIBTORCH"
  part="building the bridge"
  node --input-type=module - "$root" <<'NODE'
import { join } from "node:path";
const { buildNative, findLibtorch, exitWith } = await import(join(process.argv[2], "packages/torch/setup/index.mjs"));
await exitWith(async () => {
  const libtorch = findLibtorch();
  for (const [name, folder] of [["torch", "packages/torch/native"], ["reader", "packages/unlabel/native"]]) {
    const { addon, built } = await buildNative(name, { folder: join(process.argv[2], folder), libtorch });
    console.log(`${built ? "built" : "found"} ${addon}`);
  }
});
NODE
  # Rows are the training bench's alone, so the two are run one after the other.
  local device=() flag
  for flag in "$@"; do
    [ ${#device[@]} -ne 1 ] || device+=("$flag")
    [ "$flag" != --device ] || device=(--device)
  done
  part="doctor"
  node packages/unlabel/bin/unlabel.mjs doctor
  local where
  where=$(node packages/unlabel/bin/unlabel.mjs doctor --json | node -e '
    const { engine, cpu } = JSON.parse(require("node:fs").readFileSync(0, "utf8").trim().split("\n").at(-1));
    const gpus = engine.cuda_devices;
    console.log(gpus > 0 ? `${gpus} GPU${gpus > 1 ? "s" : ""}` : `the CPU alone (${cpu}): no GPU answers, and nothing was run on one`);
  ')
  part="parity"
  node node_modules/tsx/dist/cli.mjs bench/main.ts parity "${device[@]}"
  part="training beside PyTorch"
  node node_modules/tsx/dist/cli.mjs bench/main.ts train --json "$@"
  part="the end"
  case " ${device[*]} " in *" cpu "*) where="the CPU, as asked" ;; esac
  echo "gpu.sh: bridge built, parity held, training measured beside PyTorch, on $where"
}

rehearse() {
  [ -d "${UNLABEL_PEERS:-}" ] || {
    echo "Expected UNLABEL_PEERS to name a folder of packages for Python 3.11 with PyTorch and torchvision, got ${UNLABEL_PEERS:-none}" >&2
    exit 1
  }
  local stage flags=""
  [ $# -eq 0 ] || flags=$(printf ' %q' "$@")
  stage=$(mktemp -d)
  # shellcheck disable=SC2064 # its value now
  trap "rm -rf '$stage'" EXIT
  (pack "$stage/unlabel-gpu.tar")
  # Of the bare machine's own Node nothing is used: PATH has the bundle's first and not that.
  "$root/scripts/bare-machine" --mount "$stage" --mount "$UNLABEL_PEERS" \
    "apt-get -qq update && apt-get -qqy install --no-install-recommends g++ python3 >/dev/null" \
    "cd ~ && tar xf $stage/unlabel-gpu.tar && PATH=/usr/bin:/bin UNLABEL_PEERS=$UNLABEL_PEERS unlabel-gpu/tree/bench/gpu.sh run$flags"
}

command=${1:-}
case $command in
  pack | run | rehearse)
    shift
    "$command" "$@"
    ;;
  *)
    echo "Expected pack, run or rehearse, got ${command:-nothing}; the head of $0 says what they do" >&2
    exit 2
    ;;
esac
