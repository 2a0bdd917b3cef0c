#!/bin/bash
# All GPUs of this machine, or two processes where it has none: a process each.
set -euo pipefail

data=${1:-/data/imagenet}
out=${2:-runs/simclr}
gpus=$( (nvidia-smi --list-gpus 2>/dev/null || true) | grep -c '^GPU ' || true)

# Ctrl-C (or SIGTERM) lets all of them finish their step; rank 0 saves, and the exit code is 130.
exec unlabel launch --nproc "$((gpus > 0 ? gpus : 2))" \
  pretrain "$data" --method simclr --global-batch 512 --out "$out" --resume=auto
