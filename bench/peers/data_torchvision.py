#!/usr/bin/env python3
"""Decoding and augmenting in torchvision, as users write it: views/s of a DataLoader.

  data_torchvision.py LIST --size 224 --work simclr --kinds pil,v2 --workers 0,1,2

LIST holds one path a line. `decode`: a random resized crop of each image as bytes; `simclr`: the two views of
../shared/peers/simclr_pytorch.py, normalised floats. `pil`: PIL and torchvision's transforms; `v2`: decode_jpeg and v2 transforms
on tensors. Prints views/s of every kind and worker count, and the best.
"""
import argparse, json, time

import torch
from PIL import Image
from torchvision import transforms as T
from torchvision.io import ImageReadMode, decode_jpeg, read_file
from torchvision.transforms import v2

from order import Order

JITTER = dict(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1)
HALF = [0.5] * 3


def transforms(kind, work, size):
    t = T if kind == "pil" else v2
    crop = t.RandomResizedCrop(size, scale=(0.2, 1.0), **({} if kind == "pil" else {"antialias": True}))
    if work == "decode":
        return t.Compose([crop, T.PILToTensor()]) if kind == "pil" else crop
    floats = [T.ToTensor()] if kind == "pil" else [v2.ToDtype(torch.float32, scale=True)]
    return t.Compose([crop, t.RandomHorizontalFlip(), t.RandomApply([t.ColorJitter(**JITTER)], p=0.8),
                      t.RandomGrayscale(p=0.2), *floats, t.Normalize(HALF, HALF)])


class Views(torch.utils.data.Dataset):
    def __init__(self, files, kind, work, size):
        self.files, self.kind, self.views = files, kind, 2 if work == "simclr" else 1
        self.t = transforms(kind, work, size)

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        if self.kind == "pil":
            image = Image.open(self.files[i]).convert("RGB")
        else:
            image = decode_jpeg(read_file(self.files[i]), mode=ImageReadMode.RGB)
        return tuple(self.t(image) for _ in range(self.views))


def measure(files, kind, work, size, batch, workers):
    data, order = Views(files, kind, work, size), Order(min(12 * batch, len(files)))
    loader = torch.utils.data.DataLoader(data, batch, sampler=order, num_workers=workers, persistent_workers=workers > 0)
    for _ in loader:
        pass
    order.count = len(files)
    start = time.perf_counter()
    for _ in loader:
        pass
    return len(files) * data.views / (time.perf_counter() - start)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("list"); p.add_argument("--size", type=int, default=224); p.add_argument("--batch", type=int, default=32)
    p.add_argument("--work", choices=["decode", "simclr"], default="simclr")
    p.add_argument("--kinds", default="pil,v2"); p.add_argument("--workers", default="0,1,2")
    a = p.parse_args()
    with open(a.list) as f:
        files = f.read().splitlines()
    speeds = {f"{kind} {workers}": measure(files, kind, a.work, a.size, a.batch, int(workers))
              for kind in a.kinds.split(",") for workers in a.workers.split(",")}
    best = max(speeds, key=speeds.get)
    print(json.dumps({"best": best, "views_per_s": speeds[best], "speeds": speeds}))


if __name__ == "__main__":
    main()
