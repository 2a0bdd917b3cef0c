#!/usr/bin/env python3
"""Images/s of a frozen ResNet-18 on images of 64 px in PyTorch, tuned: channels-last, data loading included.

  encode_pytorch.py DATA IMAGES [--workers 0] [--bf16]

Loading processes are started, and everything is warm, before the clock is.
"""
import argparse, json, pathlib, time

import torch
import torchvision
from PIL import Image
from torchvision import transforms as T

from order import Order


class Images(torch.utils.data.Dataset):
    def __init__(self, files):
        self.files = files
        self.t = T.Compose([T.Resize(64), T.CenterCrop(64), T.ToTensor(), T.Normalize((0.5,) * 3, (0.5,) * 3)])

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return self.t(Image.open(self.files[i]).convert("RGB"))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("data"); p.add_argument("images", type=int); p.add_argument("--workers", type=int, default=0)
    p.add_argument("--bf16", action="store_true", help="autocast: where the hardware is faster in it")
    a = p.parse_args()
    files = sorted(q for q in pathlib.Path(a.data).rglob("*") if q.suffix.lower() in {".jpg", ".jpeg", ".png"})[:a.images]
    net = torchvision.models.resnet18(); net.fc = torch.nn.Identity()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    net = net.eval().to(device, memory_format=torch.channels_last)
    order = Order(min(256, len(files)))
    loader = torch.utils.data.DataLoader(Images(files), 256, sampler=order, num_workers=a.workers, persistent_workers=a.workers > 0,
                                         pin_memory=device == "cuda")

    def encode():
        with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16, enabled=a.bf16):
            return torch.cat([net(x.to(device, memory_format=torch.channels_last)).float() for x in loader]).cpu()

    encode()
    order.count = len(files)
    start = time.perf_counter(); done = len(encode()); seconds = time.perf_counter() - start
    print(json.dumps({"peer": "pytorch", "torch": torch.__version__, "bf16": a.bf16, "workers": a.workers, "images": done,
                      "images_per_s": round(done / seconds, 2)}))


if __name__ == "__main__":
    main()
