#!/bin/bash
# PyTorch's launcher, from `pip install torch`, on one machine. --no-python: unlabel is a program of its own.
set -euo pipefail

data=${1:-/data/imagenet}
out=${2:-runs/simclr}

# Up to three times all processes are started anew after one was lost; each time they go on from the last checkpoint.
exec torchrun --no-python --standalone --nproc-per-node "${NPROC:-2}" --max-restarts 3 \
  unlabel pretrain "$data" --method simclr --global-batch 512 --out "$out" --resume=auto

# On two machines, the same on each, with the first one's name; the number of machines may be a range, as 1:4:
#
#   torchrun --no-python --nnodes 2 --nproc-per-node 8 --max-restarts 3 \
#     --rdzv-backend c10d --rdzv-endpoint node01:29400 --rdzv-id simclr \
#     unlabel pretrain /data/imagenet --method simclr --global-batch 512 --out /shared/runs/simclr --resume=auto
