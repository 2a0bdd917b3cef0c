// The rows of bench `train` as data. `as written` is how a user writes it, `tuned` how an expert does: channels-last, fused
// optimizer, bf16 where the CPU has it. Ours always runs as it comes: it is tuned already.
import { cpuFlags, hasFastBf16 } from "../packages/unlabel/src/train/machine.ts";
import type { Work } from "./floor.ts";

/** One row: what both sides are asked to do. */
export interface Case {
  name: string;
  size: 64 | 224;
  /** What an image costs at the least; null where the two sides do different work. */
  work: Work | null;
  script: string;
  /** The peer's flags beside size, batch and steps. */
  peer: string[];
  /** Our settings beside method, size, batch and steps. */
  ours: string[];
  note?: string;
}

const fast = hasFastBf16(cpuFlags());
/** What an expert adds to the peer's SimCLR. */
export const tuned = ["--channels-last", "--fused", ...(fast ? ["--bf16"] : [])];
/** Looks at health and online probes fall between steps; here only steps count. */
const unwatched = ["--set", "online=false", "--set", "health_every=0"];
const simclr = ["--method", "simclr", "--preset", "report", "--set", "color_form=fused", ...unwatched];
const mae = (encoder: string, patch: number, decoder: string) => [
  ...["--method", "mae", "--preset", "report", "--encoder", encoder, ...unwatched],
  ...[`patch=${patch}`, `decoder=${decoder}`, "decoder_width=512"].flatMap((one) => ["--set", one]),
];
const lightly = ["crop_min=0.08", "brightness=0.8", "contrast=0.8", "saturation=0.8", "hue=0.2", "blur_p=0.5"];

const resnet50 = { size: 224, work: { kind: "resnet50", views: 2, size: 224 }, script: "simclr_pytorch.py" } as const;
const resnet18 = { size: 64, work: { kind: "resnet18", views: 2, size: 64 }, script: "simclr_pytorch.py" } as const;
const vitBase = { kind: "mae", size: 224, patch: 16, width: 768, depth: 12 } as const;
const vitTiny = { kind: "mae", size: 64, patch: 8, width: 192, depth: 12 } as const;
const decoder = { decoderWidth: 512, decoderDepth: 8 };
const base = ["--size", "224", "--patch", "16", "--width", "768", "--depth", "12", "--heads", "12"];
const tiny = ["--size", "64", "--patch", "8", "--width", "192", "--depth", "12", "--heads", "3"];
const maeTuned = tuned.filter((flag) => flag !== "--channels-last");

export const CASES: Case[] = [
  { name: "simclr resnet50 224 as written", ...resnet50, peer: ["--arch", "resnet50"], ours: simclr },
  { name: "simclr resnet50 224 tuned", ...resnet50, peer: ["--arch", "resnet50", ...tuned], ours: simclr },
  {
    name: "simclr resnet18 64 as written",
    ...resnet18,
    peer: ["--arch", "resnet18"],
    ours: [...simclr, "--encoder", "resnet18", "--set", "stem=7x7"],
  },
  {
    name: "simclr resnet18 64 tuned",
    ...resnet18,
    peer: ["--arch", "resnet18", ...tuned],
    ours: [...simclr, "--encoder", "resnet18", "--set", "stem=7x7"],
  },
  {
    name: "simclr resnet18 64 lightly as its users write it",
    ...resnet18,
    script: "simclr_lightly.py",
    peer: ["--arch", "resnet18"],
    ours: [...simclr, "--encoder", "resnet18", ...["stem=7x7", ...lightly].flatMap((one) => ["--set", one])],
    note: "lightly's own augmentation on both sides, blur included",
  },
  {
    name: "mae vit_base 224 as written",
    size: 224,
    work: { ...vitBase, ...decoder },
    script: "mae_pytorch.py",
    peer: base,
    ours: mae("vit_base", 16, "transformer"),
  },
  {
    name: "mae vit_base 224 tuned",
    size: 224,
    work: { ...vitBase, ...decoder },
    script: "mae_pytorch.py",
    peer: [...base, ...maeTuned],
    ours: mae("vit_base", 16, "transformer"),
  },
  {
    name: "mae vit_base 224 lighter decoder",
    size: 224,
    work: null,
    script: "mae_pytorch.py",
    peer: [...base, ...maeTuned],
    ours: mae("vit_base", 16, "cross"),
    note: "ours with CrossMAE's decoder, the peer with the full one",
  },
  {
    name: "mae vit_tiny/8 64 tuned",
    size: 64,
    work: { ...vitTiny, ...decoder },
    script: "mae_pytorch.py",
    peer: [...tiny, ...maeTuned],
    ours: mae("vit_tiny", 8, "transformer"),
  },
];
