// For tests of pretraining: a folder with images for each test, and trainings in it that say nothing.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { RunDirectory } from "../run/directory.ts";
import { type Pretrained, type PretrainRequest, pretrain } from "../train/pretrain.ts";
import { temporaryFolder, writeImages } from "./data.ts";

/** Twelve images, three steps an epoch, two epochs. */
export const SIMCLR = {
  ...{ method: "simclr", size: 32, batch: 4, epochs: 2, warmup_epochs: 0 },
  ...{ device: "cpu", precision: "fp32" },
};
export const MAE = { ...SIMCLR, method: "mae", patch: 8, decoder_width: 32, decoder_depth: 1 };

/** Makes a folder with twelve images before each test of a file and removes it afterwards. */
export function trainingFolder() {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(async () => {
    folder = temporaryFolder();
    const names = [..."abcdefghijkl"].map((name) => `${name}.png`);
    await writeImages(join(folder.path, "images"), names, 40);
  });
  afterEach(() => folder[Symbol.dispose]());
  return {
    get path(): string {
      return folder.path;
    },
    /** The images' folder. */
    get images(): string {
      return join(folder.path, "images");
    },
    /** Trains quietly; `stopAt` sends what Ctrl-C sends on a command line once that step has been told of. */
    async train(
      name: string,
      flags: Record<string, unknown>,
      more: Partial<PretrainRequest> & { stopAt?: number } = {},
    ): Promise<Pretrained & { log: string }> {
      let log = "";
      const stream = {
        write: (text: string) => {
          log += text;
          if (more.stopAt !== undefined && text.includes(` ${more.stopAt}/`)) process.emit("SIGINT", "SIGINT");
        },
      };
      const [data, out] = ["images", name].map((one) => join(folder.path, one)) as [string, string];
      const processSignals = more.stopAt !== undefined;
      const outcome = await pretrain({ data, settings: { flags }, out, stream, processSignals, ...more });
      return { ...outcome, log };
    },
  };
}

/** The checkpoint's very bytes, in short. */
export const weights = (run: string) =>
  createHash("sha256")
    .update(readFileSync(RunDirectory.open(run).weights))
    .digest("hex");

/** Step and loss of each row. */
export const losses = (run: string) =>
  RunDirectory.open(run)
    .metrics()
    .map((row) => [row.step, row["train/loss"]]);
