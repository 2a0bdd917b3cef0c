// Written by `npm run bench -- methods --from-rows --write` from bench/rows/methods.jsonl: what each method came to in the same minutes, the best first.
// biome-ignore-all format: a row a line.
import type { MeasuredMethod } from "./measured-method.ts";

export const MEASURED: readonly MeasuredMethod[] = [
  { images: "photographs", minutes: 5, method: "simclr", encoder: "resnet18", linear: 0.6171, initial: 0.4563, interval: [0.6015, 0.6322], knn: 0.5108 },
  { images: "photographs", minutes: 5, method: "lejepa", encoder: "resnet18", linear: 0.6025, initial: 0.4563, interval: [0.5871, 0.6178], knn: 0.4362 },
  { images: "photographs", minutes: 5, method: "visreg", encoder: "resnet18", linear: 0.5878, initial: 0.4571, interval: [0.5722, 0.6031], knn: 0.4538 },
  { images: "photographs", minutes: 5, method: "vicreg", encoder: "resnet18", linear: 0.5636, initial: 0.4571, interval: [0.547, 0.579], knn: 0.4583 },
  { images: "photographs", minutes: 5, method: "mae", encoder: "vit_tiny", linear: 0.5585, initial: 0.5195, interval: [0.5429, 0.5739], knn: 0.4476 },
  { images: "photographs", minutes: 5, method: "barlow", encoder: "resnet18", linear: 0.5569, initial: 0.4571, interval: [0.5414, 0.5733], knn: 0.4311 },
  { images: "photographs", minutes: 5, method: "nnclr", encoder: "resnet18", linear: 0.5437, initial: 0.4571, interval: [0.5279, 0.5592], knn: 0.4311 },
  { images: "photographs", minutes: 5, method: "mocov2", encoder: "resnet18", linear: 0.5368, initial: 0.4563, interval: [0.5212, 0.5524], knn: 0.4076 },
  { images: "photographs", minutes: 5, method: "mocov3", encoder: "vit_tiny", linear: 0.5358, initial: 0.519, interval: [0.5197, 0.5514], knn: 0.3883 },
  { images: "photographs", minutes: 5, method: "ijepa", encoder: "vit_tiny", linear: 0.5108, initial: 0.519, interval: [0.4948, 0.5264], knn: 0.2935 },
  { images: "photographs", minutes: 5, method: "dino", encoder: "vit_tiny", linear: 0.4724, initial: 0.4619, interval: [0.4568, 0.488], knn: 0.3325 },
  { images: "photographs", minutes: 5, method: "swav", encoder: "vit_tiny", linear: 0.4673, initial: 0.4619, interval: [0.4517, 0.4838], knn: 0.3241 },
  { images: "photographs", minutes: 5, method: "swav", encoder: "resnet18", linear: 0.4619, initial: 0.4563, interval: [0.4461, 0.4775], knn: 0.3587 },
  { images: "photographs", minutes: 5, method: "simmim", encoder: "vit_tiny", linear: 0.4239, initial: 0.4619, interval: [0.4086, 0.4395], knn: 0.3177 },
  { images: "photographs", minutes: 5, method: "byol", encoder: "resnet18", linear: 0.4196, initial: 0.4571, interval: [0.4041, 0.4352], knn: 0.348 },
  { images: "photographs", minutes: 5, method: "ibot", encoder: "vit_tiny", linear: 0.4194, initial: 0.4038, interval: [0.4028, 0.4349], knn: 0.3118 },
  { images: "photographs", minutes: 5, method: "dino", encoder: "resnet18", linear: 0.4171, initial: 0.4571, interval: [0.4015, 0.4326], knn: 0.3536 },
  { images: "photographs", minutes: 5, method: "simsiam", encoder: "resnet18", linear: 0.3536, initial: 0.4571, interval: [0.3388, 0.3687], knn: 0.282 },
];
