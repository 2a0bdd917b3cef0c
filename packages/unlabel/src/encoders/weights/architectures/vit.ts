// A ViT told from the shapes of its tensors, and the tensors that one has.
import { countOf, type Expected, type FoundVit, type Hints, type Shapes } from "../found-architecture.ts";

const NAMES = [
  { name: "vit_tiny", width: 192, depth: 12, heads: 3 },
  { name: "vit_small", width: 384, depth: 12, heads: 6 },
  { name: "vit_base", width: 768, depth: 12, heads: 12 },
  { name: "vit_large", width: 1024, depth: 24, heads: 16 },
] as const;

/** @returns null where these are no ViT's */
export function tellVit(shapes: Shapes, hints: Hints): FoundVit | null {
  const patches = shapes.get("patch_embed.proj.weight");
  const depth = countOf(shapes, "blocks.");
  const hidden = shapes.get("blocks.0.mlp.fc1.weight");
  if (patches?.length !== 4 || depth === 0 || hidden?.length !== 2) return null;
  const [width, channels, patch] = patches as [number, number, number, number];
  const registers = shapes.get("reg_token")?.[1] ?? 0;
  const classToken = shapes.has("cls_token");
  const heads = hints.heads ?? NAMES.find((one) => one.width === width)?.heads ?? null;
  const isWhole = heads !== null && width % heads === 0;
  const named = NAMES.find((one) => one.width === width && one.depth === depth && isWhole);
  const positions = positionsOf(shapes.get("pos_embed")?.[1] ?? 0, classToken ? 1 : 0, registers);
  return {
    family: "vit",
    encoder: named?.name ?? null,
    depth,
    width,
    heads,
    hidden: hidden[0]!,
    patch,
    grid: positions.grid,
    channels,
    size: positions.grid ? positions.grid[0] * patch : (hints.size ?? null),
    classToken,
    classPosition: positions.class,
    registers,
    registerPositions: positions.registers,
    layerScale: shapes.has("blocks.0.ls1.gamma"),
    qkvBias: shapes.has("blocks.0.attn.qkv.bias"),
    normEps: hints.normEps ?? null,
    pooledNorm: shapes.has("fc_norm.weight") && !shapes.has("norm.weight"),
    interpolation: hints.interpolation ?? null,
  };
}

/** Which tokens have positions: those of the patches form a square. */
function positionsOf(
  length: number,
  classTokens: number,
  registers: number,
): { grid: [number, number] | null; class: boolean; registers: boolean } {
  for (const [before, hasClass, hasRegisters] of [
    [classTokens, classTokens > 0, false],
    [0, false, false],
    [classTokens + registers, classTokens > 0, true],
  ] as const) {
    const side = Math.sqrt(length - before);
    if (length > before && Number.isInteger(side))
      return { grid: [side, side], class: hasClass, registers: hasRegisters };
  }
  return { grid: null, class: classTokens > 0, registers: false };
}

/** Its tensors without a classifier, by timm's names. */
export function vitTensors(vit: FoundVit): Expected {
  const { width, depth, hidden, patch, channels, registers } = vit;
  const all: Expected = new Map();
  const add = (name: string, ...shape: number[]) => all.set(name, { shape });
  const layer = (name: string, out: number, into: number, bias = true) => {
    add(`${name}.weight`, out, into);
    if (bias) add(`${name}.bias`, out);
  };
  const norm = (name: string) => {
    add(`${name}.weight`, width);
    add(`${name}.bias`, width);
  };
  if (vit.classToken) add("cls_token", 1, 1, width);
  if (registers > 0) add("reg_token", 1, registers, width);
  const places = vit.grid ? vit.grid[0] * vit.grid[1] : 0;
  add("pos_embed", 1, places + (vit.classPosition ? 1 : 0) + (vit.registerPositions ? registers : 0), width);
  add("patch_embed.proj.weight", width, channels, patch, patch);
  add("patch_embed.proj.bias", width);
  for (let i = 0; i < depth; i++) {
    const at = `blocks.${i}`;
    norm(`${at}.norm1`);
    layer(`${at}.attn.qkv`, 3 * width, width, vit.qkvBias);
    layer(`${at}.attn.proj`, width, width);
    if (vit.layerScale) add(`${at}.ls1.gamma`, width);
    norm(`${at}.norm2`);
    layer(`${at}.mlp.fc1`, hidden, width);
    layer(`${at}.mlp.fc2`, width, hidden);
    if (vit.layerScale) add(`${at}.ls2.gamma`, width);
  }
  norm(vit.pooledNorm ? "fc_norm" : "norm");
  return all;
}
