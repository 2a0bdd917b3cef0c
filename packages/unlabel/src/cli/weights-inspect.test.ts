import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveSafetensors, scope, zeros } from "@unlabel/torch";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { weightsFile } from "../testing/weights.ts";
import { run } from "./main.ts";

const folder = mkdtempSync(join(tmpdir(), "unlabel-inspect-"));
// Each run of the command listens to both.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(100);
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

/** What the command prints, and its exit code. */
async function inspect(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    err += text;
    return true;
  });
  const code = await run(["weights", "inspect", ...args]);
  vi.restoreAllMocks();
  return { code, out, err };
}

describe("unlabel weights inspect", () => {
  it("says what MAE's checkpoint is, within 80 columns, blocks in one line", async () => {
    const { code, out } = await inspect(weightsFile("mae_like.pth"));
    expect(code).toBe(0);
    expect(out).toContain("MAE's checkpoint with decoder");
    expect(out).toMatch(/'args'\s+\(argparse\.Namespace \(inert\)\)/);
    expect(out).toMatch(/encoder {2}ViT, patch 8, 32 px, 3 channels: 2 blocks, 16 wide/);
    expect(out).toMatch(/left aside: 7 tensors, MAE's decoder \(model\./);
    expect(out).toMatch(/model\.blocks\.\{0–1\}\.attn\.qkv\.weight +\[48, 16\] {2}float32/);
    const lines = out.split("\n").filter((line) => !line.includes(weightsFile("")));
    for (const line of lines.slice(1)) expect(line.length).toBeLessThanOrEqual(80);
    expect((await inspect(weightsFile("mae_like.pth"), "--all")).out).toMatch(/model\.blocks\.1\.attn\.qkv\.weight/);
  });

  it("as an object for programs", async () => {
    const { code, out } = await inspect(weightsFile("timm"), "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      producer: "timm's vit_tiny_patch16_224",
      licence: "apache-2.0",
      encoder: { prefix: "", architecture: { family: "vit", heads: 2 }, missing: [], unexpected: [] },
      preprocessing: { size: 32, cropShare: 0.9 },
      tensors: expect.arrayContaining([{ name: "cls_token", dtype: "float32", shape: [1, 1, 16], ours: "cls_token" }]),
    });
  });

  it("what would be reshaped for other images", async () => {
    const { out } = await inspect(weightsFile("timm"), "--size", "64", "--channels", "5");
    expect(out).toContain("reshaped: pos_embed, positions interpolated from 4 × 4 to 8 × 8");
    expect(out.replace(/\s+/g, " ")).toContain("reshaped: patch_embed.proj.weight, channels adapted from 3 to 5");
    const odd = await inspect(weightsFile("timm"), "--size", "60");
    expect([odd.code, odd.err]).toEqual([1, expect.stringContaining("Expected a size that patch 8 divides, got 60")]);
    expect((await inspect(weightsFile("timm"), "--size", "big")).code).toBe(2);
  });

  it("what no shape shows: heads, and ε as the config has it", async () => {
    expect((await inspect(weightsFile("mae_like.pth"))).out).toContain("how many heads it has is nowhere said");
    const { out } = await inspect(weightsFile("transformers"));
    expect(out.replace(/\s+/g, " ")).toContain("2 heads; class token, 4 × 4 positions, ε 1e-12");
  });

  it("another prefix, and that there is none", async () => {
    expect((await inspect(weightsFile("dino_like.pth"))).out).toContain(
      "behind student.module.backbone. is one as well",
    );
    const other = await inspect(weightsFile("dino_like.pth"), "--prefix", "student.module.backbone.");
    expect(other.out).toContain("behind student.module.backbone.");
    const none = await inspect(weightsFile("dino_like.pth"), "--prefix", "module.");
    expect([none.code, none.err]).toEqual([1, expect.stringMatching(/Expected an encoder's tensors behind module\./)]);
  });

  it("names a call that was left inert", async () => {
    const { code, out } = await inspect(weightsFile("evil2.pkl"));
    expect(code).toBe(0);
    expect(out).toMatch(/it calls os\.system where Python opens it/);
  });

  it.each([
    ["x.pth", Buffer.from([0xff, 0xd8, 0xff]), "a JPEG image"],
    ["y.safetensors", "<html>", "an HTML page"],
  ])("says what a wrong file is, exit 1: %s", async (name, bytes, what) => {
    writeFileSync(join(folder, name), bytes);
    const { code, err } = await inspect(join(folder, name));
    expect([code, err]).toEqual([1, expect.stringContaining(what)]);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });

  it("a model of another kind: what it is, and which encoders are known", async () => {
    writeFileSync(join(folder, "config.json"), JSON.stringify({ architecture: "efficientnet_b0", pretrained_cfg: {} }));
    scope(() =>
      saveSafetensors(join(folder, "model.safetensors"), {
        "conv_stem.weight": zeros([32, 3, 3, 3]),
        "classifier.weight": zeros([10, 4]),
      }),
    );
    const { code, out } = await inspect(folder);
    expect(code).toBe(0);
    expect(out.replace(/\s+/g, " ")).toContain(
      "a classifier, timm's efficientnet_b0; encoders known: resnet18, resnet34,",
    );
  });

  it("a file that is not there, and usage", async () => {
    expect((await inspect(join(folder, "none"))).err).toContain("which is not there");
    expect((await inspect()).code).toBe(2);
  });
});
