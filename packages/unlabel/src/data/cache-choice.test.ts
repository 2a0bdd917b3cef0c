// What training makes of `cache: auto`, and that it changes nothing that is learnt.
import { expect, it } from "vitest";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { pretrain } from "../train/pretrain.ts";

const FLAGS = { method: "mae", size: 16, patch: 8, batch: 2, steps: 2, decoder_width: 16, decoder_depth: 1 };

it("is settled before training, told, noted in run.json, and changes no loss", async () => {
  using folder = temporaryFolder();
  await writeImages(`${folder.path}/images`, ["a.jpg", "b.jpg", "c.jpg"], 400);
  const runs = [
    ["memory", {}],
    // 3 times 480 kB and the shrunk ones.
    ["off", { cache_mb: 1 }],
    ["off", { cache: "off" }],
  ] as const;
  const losses = new Set<number>();
  for (const [i, [cache, flags]] of runs.entries()) {
    let log = "";
    const stream = {
      write: (text: string) => {
        log += text;
      },
    };
    const { info, result } = await pretrain({
      data: `${folder.path}/images`,
      settings: { flags: { ...FLAGS, device: "cpu", threads: 1, ...flags } },
      out: `${folder.path}/${i}`,
      stream,
    });
    expect(info.config.cache).toBe(cache);
    const told = /images are (kept in memory|decoded anew each epoch) \(cache (memory|off): 1\.9 MB decoded, room for/;
    expect(told.exec(log)?.[2]).toBe("cache" in flags ? undefined : cache);
    losses.add(result.loss_last);
  }
  expect(losses.size).toBe(1);
});
