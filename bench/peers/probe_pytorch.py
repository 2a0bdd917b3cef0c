#!/usr/bin/env python3
"""Epochs/s of a linear probe in PyTorch, on random features [IMAGES, 512] with ten classes: SGD, momentum, batch 256.

  probe_pytorch.py IMAGES
"""
import json, sys, time

import torch
import torch.nn.functional as F


def main():
    torch.manual_seed(0)
    x, y = torch.randn(int(sys.argv[1]), 512), torch.arange(int(sys.argv[1])) % 10
    w = torch.nn.Linear(512, 10)
    opt = torch.optim.SGD(w.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)

    def fit(epochs):
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs)
        for _ in range(epochs):
            for at in torch.randperm(len(x)).split(256):
                opt.zero_grad(); F.cross_entropy(w(x[at]), y[at]).backward(); opt.step()
            schedule.step()

    fit(2)
    start = time.perf_counter(); fit(100); seconds = time.perf_counter() - start
    print(json.dumps({"peer": "pytorch", "torch": torch.__version__, "epochs_per_s": round(100 / seconds, 2)}))


if __name__ == "__main__":
    main()
