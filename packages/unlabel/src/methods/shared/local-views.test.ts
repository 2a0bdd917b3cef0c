// Local views as every method has them; SimCLR's test holds how settings become views.
import { randn, scope, zeros } from "@unlabel/torch";
import { expect, it } from "vitest";
import { encoderMacs } from "../../encoders/facts.ts";
import { METHODS } from "../list.ts";
import { resolveConfig, viewsAt } from "../registry.ts";
import { localMacs, localSizeOf } from "./local-size.ts";
import { bySize, joined, localViewsSchema } from "./local-views.ts";

const WITH = METHODS.filter(({ schema }) => "local_views" in schema).map(({ about }) => about);

it("sends views of one size through a network together, in their order", () => {
  scope(() => {
    const [a, b, c, d] = [randn([2, 3, 8, 8]), randn([4, 3, 8, 8]), randn([6, 3, 4, 4]), randn([1, 3, 8, 8])];
    const seen: number[][] = [];
    const found = bySize([a, b, c, d], (x) => {
      seen.push([...x.shape]);
      return x.mean([2, 3]);
    });
    expect(seen).toEqual([
      [6, 3, 8, 8],
      [6, 3, 4, 4],
      [1, 3, 8, 8],
    ]);
    const apart = joined([a, b, c, d].map((x) => x.mean([2, 3])));
    expect(joined(found).sub(apart).abs().amax().item()).toBeLessThan(1e-6);
    // One tensor is handed on as it is.
    const alone = zeros([1]);
    expect(joined([alone])).toBe(alone);
  });
});

it.each(WITH.map((about) => [about.name, about] as const))(
  "%s: one set of settings, one spec of local views",
  (name, about) => {
    const [encoder] = about.encoders.includes("vit_tiny") ? ["vit_tiny"] : about.encoders;
    const specs = (own: Record<string, unknown>) => {
      const config = resolveConfig({ flags: { method: name, encoder, patch: 8, size: 32, batch: 4, ...own } });
      return viewsAt(config, config.size);
    };
    const whole = specs({ local_views: 0 });
    expect(whole.reduce((sum, { count }) => sum + count, 0)).toBe(2);
    const own = { local_views: 3, local_size: 16, local_crop_min: 0.1, local_crop_max: 0.3 };
    expect(specs(own).slice(whole.length)).toEqual([
      expect.objectContaining({ count: 3, size: 16, crop: { scale: [0.1, 0.3], ratio: [3 / 4, 4 / 3] } }),
    ]);
    for (const [flags, line] of [
      [{ local_views: 0, local_crop_min: 0.1 }, "Expected no local_crop_min with local_views 0"],
      [{ local_views: 17 }, "Expected a whole number from 0 to 16 for local_views, got 17"],
      [{ local_views: 2, local_size: 40 }, "Expected at most size (32 px) for local_size, got 40"],
      [{ local_views: 2, local_size: 12 }, "Expected a local_size that patch 8 divides, got 12"],
      [
        { local_views: 2, local_crop_min: 0.9, local_crop_max: 0.5 },
        "Expected at least local_crop_min 0.9 for local_crop_max",
      ],
    ] as const)
      expect(() => specs(flags), line).toThrow(line);
    const flops = (views: number) =>
      about.flops(resolveConfig({ flags: { method: name, encoder, patch: 8, size: 32, local_views: views } }));
    expect(flops(2) - flops(1)).toBe(flops(3) - flops(2));
    expect(flops(1)).toBeGreaterThan(flops(0));
    expect(Object.keys(localViewsSchema)).toHaveLength(4);
  },
);

it("counts a local view with the stem of the whole ones", () => {
  const config = resolveConfig({
    flags: { method: "simclr", preset: "small", stem: "auto", size: 128, local_views: 1 },
  });
  expect(localSizeOf(config)).toBe(64);
  expect(localMacs(config)).toBe(encoderMacs({ ...config, size: 64, stem: "7x7" }));
});
