#!/usr/bin/env python3
"""Images/s of a frozen ResNet-18 on images of 64 px in PyTorch, tuned: channels-last, data loading included.

  encode_pytorch.py DATA IMAGES [--workers 0]
"""
import argparse, json, pathlib, time

import torch
import torchvision
from PIL import Image
from torchvision import transforms as T


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
    a = p.parse_args()
    files = sorted(q for q in pathlib.Path(a.data).rglob("*") if q.suffix.lower() in {".jpg", ".jpeg", ".png"})[:a.images]
    net = torchvision.models.resnet18(); net.fc = torch.nn.Identity()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    net = net.eval().to(device, memory_format=torch.channels_last)
    flags = pathlib.Path("/proc/cpuinfo").read_text() if pathlib.Path("/proc/cpuinfo").exists() else ""
    bf16 = device == "cuda" or "amx_bf16" in flags or "avx512_bf16" in flags

    def encode(some):
        loader = torch.utils.data.DataLoader(Images(some), 256, num_workers=a.workers, pin_memory=device == "cuda")
        with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16, enabled=bf16):
            return torch.cat([net(x.to(device, memory_format=torch.channels_last)).float() for x in loader]).cpu()

    encode(files[:256])
    start = time.perf_counter(); done = len(encode(files)); seconds = time.perf_counter() - start
    print(json.dumps({"peer": "pytorch", "torch": torch.__version__, "bf16": bf16, "workers": a.workers, "images": done,
                      "images_per_s": round(done / seconds, 2)}))


if __name__ == "__main__":
    main()
