#!/usr/bin/env python3
"""A method of lightly's on ResNet-18, as its documentation assembles it: its transform, heads, loss, memory of momentum; AdamW with a cosine.

Trains on DATA (its folders are not looked at as labels) for --steps steps, saves the backbone's weights under torchvision's names, and prints one JSON
line with the median time of a step, data loading included.

  method_lightly.py DATA --method swav --steps 400 --save weights.pth [--lr 1e-3] [--bf16] [--threads 2]

Methods: simclr, byol, swav, dino, vicreg, barlow. Needs lightly, torch and torchvision from PyPI.
"""
import argparse, copy, json, math, statistics, time

import torch
import torchvision
from lightly.data import LightlyDataset
from lightly.loss import BarlowTwinsLoss, DINOLoss, NegativeCosineSimilarity, NTXentLoss, SwaVLoss, VICRegLoss
from lightly.models.modules import heads
from lightly.models.utils import deactivate_requires_grad, update_momentum
from lightly.transforms import BYOLTransform, BYOLView1Transform, BYOLView2Transform, DINOTransform, SimCLRTransform, SwaVTransform, VICRegTransform

WIDTH = 512


class Method(torch.nn.Module):
    """A backbone, what stands on it, and the loss of one batch's views."""

    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def before(self, share, epoch):
        pass

    def after_backward(self, epoch):
        pass

    def after_step(self):
        pass


class SimCLR(Method):
    def __init__(self, backbone, size):
        super().__init__(backbone)
        self.head = heads.SimCLRProjectionHead(WIDTH, 512, 128)
        self.criterion = NTXentLoss(temperature=0.1)
        self.transform = SimCLRTransform(input_size=size, cj_strength=0.5)

    def forward(self, views):
        x = self.head(self.backbone(torch.cat(views)))
        return self.criterion(*x.float().chunk(2))


class VICReg(Method):
    def __init__(self, backbone, size):
        super().__init__(backbone)
        self.head = heads.VICRegProjectionHead(WIDTH, 2048, 2048, num_layers=2)
        self.criterion = VICRegLoss()
        self.transform = VICRegTransform(input_size=size, cj_strength=0.5)

    def forward(self, views):
        return self.criterion(*(self.head(self.backbone(x)).float() for x in views))


class Barlow(Method):
    def __init__(self, backbone, size):
        super().__init__(backbone)
        self.head = heads.BarlowTwinsProjectionHead(WIDTH, 2048, 2048)
        self.criterion = BarlowTwinsLoss()
        self.transform = byol_views(size)

    def forward(self, views):
        return self.criterion(*(self.head(self.backbone(x)).float() for x in views))


class BYOL(Method):
    def __init__(self, backbone, size):
        super().__init__(backbone)
        self.projector = heads.BYOLProjectionHead(WIDTH, 1024, 256)
        self.predictor = heads.BYOLPredictionHead(256, 1024, 256)
        self.copy = copies(self.backbone, self.projector)
        self.criterion = NegativeCosineSimilarity()
        self.transform = byol_views(size)
        self.share = 0.0

    def before(self, share, epoch):
        self.share = share

    def forward(self, views):
        p = [self.predictor(self.projector(self.backbone(x))).float() for x in views]
        with torch.no_grad():
            z = [self.copy[1](self.copy[0](x)).float() for x in views]
        return 0.5 * (self.criterion(p[0], z[1]) + self.criterion(p[1], z[0]))

    def after_step(self):
        follow(self.copy, [self.backbone, self.projector], 0.99, self.share)


class SwAV(Method):
    def __init__(self, backbone, size):
        super().__init__(backbone)
        self.head = heads.SwaVProjectionHead(WIDTH, 512, 128)
        self.prototypes = heads.SwaVPrototypes(128, 512, n_steps_frozen_prototypes=100)
        self.criterion = SwaVLoss()
        self.transform = SwaVTransform(crop_sizes=(size, size // 2), crop_counts=(2, 6), cj_strength=0.5)
        self.steps = 0

    def forward(self, views):
        self.prototypes.normalize()
        features = [self.backbone(torch.cat(views[:2])), self.backbone(torch.cat(views[2:]))]
        x = torch.nn.functional.normalize(self.head(torch.cat(features)).float(), dim=1)
        scores = self.prototypes(x, self.steps).chunk(len(views))
        self.steps += 1
        return self.criterion(scores[:2], scores[2:])


class DINO(Method):
    def __init__(self, backbone, size):
        super().__init__(backbone)
        self.head, other = (heads.DINOProjectionHead(WIDTH, 512, 64, 2048, batch_norm=True, freeze_last_layer=1) for _ in range(2))
        # Its weight-norm cannot be copied as an object.
        other.load_state_dict(self.head.state_dict())
        deactivate_requires_grad(other)
        self.copy = copies(self.backbone).append(other)
        self.criterion = DINOLoss(output_dim=2048, warmup_teacher_temp_epochs=5)
        self.transform = DINOTransform(global_crop_size=size, local_crop_size=size // 2, n_local_views=6)
        self.share = self.epoch = 0

    def before(self, share, epoch):
        self.share, self.epoch = share, epoch

    def forward(self, views):
        with torch.no_grad():
            teacher = self.copy[1](self.copy[0](torch.cat(views[:2]))).float().chunk(2)
        student = [self.head(self.backbone(torch.cat(part))).float().chunk(len(part)) for part in (views[:2], views[2:])]
        return self.criterion(list(teacher), [x for part in student for x in part], epoch=self.epoch)

    def after_backward(self, epoch):
        self.head.cancel_last_layer_gradients(current_epoch=epoch)
        torch.nn.utils.clip_grad_norm_(self.parameters(), 3.0)

    def after_step(self):
        follow(self.copy, [self.backbone, self.head], 0.996, self.share)


METHODS = {"simclr": SimCLR, "byol": BYOL, "swav": SwAV, "dino": DINO, "vicreg": VICReg, "barlow": Barlow}


def byol_views(size):
    first = BYOLView1Transform(input_size=size, cj_strength=1.0)
    return BYOLTransform(view_1_transform=first, view_2_transform=BYOLView2Transform(input_size=size, cj_strength=1.0))


def copies(*modules):
    made = torch.nn.ModuleList([copy.deepcopy(module) for module in modules])
    deactivate_requires_grad(made)
    return made


def follow(made, modules, start, share):
    m = 1 - (1 - start) * (math.cos(math.pi * share) + 1) / 2
    for one, module in zip(made, modules):
        update_momentum(module, one, m=m)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("data"); p.add_argument("--method", choices=METHODS, required=True); p.add_argument("--steps", type=int, required=True)
    p.add_argument("--save"); p.add_argument("--size", type=int, default=64); p.add_argument("--batch", type=int, default=64)
    p.add_argument("--lr", type=float, default=1e-3); p.add_argument("--seed", type=int, default=0); p.add_argument("--bf16", action="store_true")
    p.add_argument("--workers", type=int, default=2); p.add_argument("--threads", type=int, default=torch.get_num_threads())
    a = p.parse_args()
    torch.manual_seed(a.seed); torch.set_num_threads(a.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    backbone = torchvision.models.resnet18(); backbone.fc = torch.nn.Identity()
    model = METHODS[a.method](backbone, a.size).to(device, memory_format=torch.channels_last)
    loader = torch.utils.data.DataLoader(LightlyDataset(a.data, transform=model.transform), a.batch, shuffle=True, drop_last=True,
                                         num_workers=a.workers, persistent_workers=a.workers > 0)
    if len(loader) == 0:
        raise SystemExit(f"Expected {a.batch} images or more in {a.data}, found fewer")
    opt = torch.optim.AdamW([x for x in model.parameters() if x.requires_grad], lr=a.lr, weight_decay=1e-4)
    warm = max(1, a.steps // 10)
    times, losses, done, epoch, mark = [], [], 0, 0, time.perf_counter()
    model.train()
    while done < a.steps:
        for views, *_ in loader:
            share = done / a.steps
            for group in opt.param_groups:
                group["lr"] = a.lr * min(1, (done + 1) / warm) * 0.5 * (1 + math.cos(math.pi * share))
            views = [x.to(device, non_blocking=True).contiguous(memory_format=torch.channels_last) for x in views]
            model.before(share, epoch)
            with torch.autocast(device, dtype=torch.bfloat16, enabled=a.bf16):
                loss = model(views)
            opt.zero_grad(set_to_none=True); loss.backward(); model.after_backward(epoch); opt.step(); model.after_step()
            losses.append(loss.item()); now = time.perf_counter(); times.append(now - mark); mark = now; done += 1
            if done >= a.steps:
                break
        epoch += 1
    if a.save:
        torch.save(backbone.state_dict(), a.save)
    # The first steps start workers and warm up.
    step = statistics.median(times[min(2, len(times) - 1):])
    print(json.dumps({"peer": "lightly", "torch": torch.__version__, "method": a.method, "size": a.size, "batch": a.batch, "steps": done, "lr": a.lr,
                      "bf16": a.bf16, "device": device, "images_per_s": round(a.batch / step, 2), "step_s": round(step, 5), "seconds": round(sum(times), 2),
                      "loss_first": round(losses[0], 4), "loss_last": round(losses[-1], 4)}))


if __name__ == "__main__":
    main()
