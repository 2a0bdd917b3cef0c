// The rows of bench `train` as data. `as written` is how a user writes it, `tuned` how an expert does: channels-last, fused
// optimizer, bf16 where the hardware has it. Ours always runs as it comes: it is tuned already.
import type { Work } from "./floor.ts";

/** One row: what both sides are asked to do. */
export interface Case {
  name: string;
  /** Rows of one model take turns, and share what they have in common. */
  model: string;
  size: 64 | 224;
  /** What an image costs the peer at the least, and us too unless `lighter` says otherwise. */
  work: Work;
  /** Ours does less for the same purpose. */
  lighter?: boolean;
  script: string;
  /** The peer's flags beside size, batch and steps. */
  peer: string[];
  /** Our settings beside method, size, batch and steps. */
  ours: string[];
  note?: string;
}

/** Health and online probes are looked at between steps; here only steps count. The peer keeps no images, so neither do we. */
const unwatched = ["--set", "online=false", "--set", "health_every=0", "--set", "cache=off"];
const set = (...settings: string[]) => settings.flatMap((one) => ["--set", one]);
const simclr = ["--method", "simclr", "--preset", "report", ...unwatched];
const mae = (encoder: string, patch: number, decoder: string) => [
  ...["--method", "mae", "--preset", "report", "--encoder", encoder, ...unwatched],
  ...set(`patch=${patch}`, `decoder=${decoder}`, "decoder_width=512"),
];
const jitter = ["crop_min=0.08", "brightness=0.8", "contrast=0.8", "saturation=0.8", "hue=0.2", "blur_p=0.5"];

const resnet50 = { size: 224, work: { kind: "resnet50", views: 2, size: 224 }, script: "simclr_pytorch.py" } as const;
const resnet18 = { size: 64, work: { kind: "resnet18", views: 2, size: 64 }, script: "simclr_pytorch.py" } as const;
const vitBase = { kind: "mae", size: 224, patch: 16, width: 768, depth: 12 } as const;
const vitTiny = { kind: "mae", size: 64, patch: 8, width: 192, depth: 12 } as const;
const decoder = { decoderWidth: 512, decoderDepth: 8 };
const base = ["--patch", "16", "--width", "768", "--depth", "12", "--heads", "12"];
const tiny = ["--patch", "8", "--width", "192", "--depth", "12", "--heads", "3"];

/** All rows. @param bf16 whether the hardware computes in bf16, so that an expert would use it */
export function cases(bf16: boolean): Case[] {
  const half = bf16 ? ["--bf16"] : [];
  const tuned = ["--channels-last", "--fused", ...half];
  const small = [...simclr, "--encoder", "resnet18", ...set("stem=7x7")];
  const lightly = {
    ...resnet18,
    model: "lightly",
    script: "simclr_lightly.py",
    ours: [...small, ...set(...jitter)],
    note: "lightly's own augmentation on both sides, blur included",
  };
  const large = { size: 224, model: "vit_base", script: "mae_pytorch.py" } as const;
  const full = { work: { ...vitBase, ...decoder }, ours: mae("vit_base", 16, "transformer") };
  return [
    {
      ...resnet50,
      model: "resnet50",
      name: "simclr resnet50 224 as written",
      peer: ["--arch", "resnet50"],
      ours: simclr,
    },
    {
      ...resnet50,
      model: "resnet50",
      name: "simclr resnet50 224 tuned",
      peer: ["--arch", "resnet50", ...tuned],
      ours: simclr,
    },
    {
      ...resnet18,
      model: "resnet18",
      name: "simclr resnet18 64 as written",
      peer: ["--arch", "resnet18"],
      ours: small,
    },
    {
      ...resnet18,
      model: "resnet18",
      name: "simclr resnet18 64 tuned",
      peer: ["--arch", "resnet18", ...tuned],
      ours: small,
    },
    { ...lightly, name: "simclr resnet18 64 lightly as written", peer: ["--arch", "resnet18"] },
    { ...lightly, name: "simclr resnet18 64 lightly tuned", peer: ["--arch", "resnet18", "--channels-last", ...half] },
    { ...large, ...full, name: "mae vit_base 224 as written", peer: base },
    { ...large, ...full, name: "mae vit_base 224 tuned", peer: [...base, "--fused", ...half] },
    {
      ...large,
      ...full,
      name: "mae vit_base 224 lighter decoder",
      lighter: true,
      peer: [...base, "--fused", ...half],
      ours: mae("vit_base", 16, "cross"),
      note: "ours with CrossMAE's decoder, the peer with the full one",
    },
    {
      size: 64,
      model: "vit_tiny",
      script: "mae_pytorch.py",
      name: "mae vit_tiny/8 64 tuned",
      work: { ...vitTiny, ...decoder },
      peer: [...tiny, "--fused", ...half],
      ours: mae("vit_tiny", 8, "transformer"),
    },
  ];
}
