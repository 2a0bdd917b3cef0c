// What training makes of `cache: auto`, and that it changes nothing that is learnt.

import type { Tensor } from "@unlabel/torch";
import { expect, it } from "vitest";
import { defineMethod } from "../methods/define.ts";
import { addMethod } from "../methods/registry.ts";
import { SimClr, simclr } from "../methods/simclr/method.ts";
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

/** Contrasts small views as it does large ones. */
class TwoSizes extends SimClr {
  override loss([large, small]: readonly Tensor[]) {
    const [one, two] = [super.loss([large!]), super.loss([small!])];
    return { loss: one.loss.add(two.loss), logs: {} };
  }
}

it("leaves the views of every size as they are without, those smaller than the config's size too", async () => {
  const method = defineMethod({
    ...simclr,
    about: { ...simclr.about, name: "twosizes" },
    views: (config) => [...simclr.views(config), ...simclr.views({ ...config, size: 16 })],
    create: ({ config, encoder }) => new TwoSizes(config, encoder),
  });
  using _added = addMethod(method);
  using folder = temporaryFolder();
  await writeImages(`${folder.path}/images`, ["a.jpg", "b.jpg", "c.jpg"], 400);
  const losses = [];
  for (const cache of ["auto", "off"]) {
    const flags = {
      method: "twosizes",
      size: 64,
      batch: 2,
      steps: 2,
      device: "cpu",
      precision: "fp32",
      threads: 1,
      cache,
    };
    const { info, result } = await pretrain({
      data: `${folder.path}/images`,
      settings: { flags },
      out: `${folder.path}/${cache}`,
      stream: { write: () => {} },
    });
    expect(info.config.cache).toBe(cache === "auto" ? "memory" : "off");
    losses.push(result.loss_last);
  }
  expect(losses[1]).toBe(losses[0]);
});
