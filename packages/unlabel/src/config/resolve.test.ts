import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { UsageError } from "../base/errors.ts";
import { ABOUTS } from "../methods/abouts.ts";
import { methodNamed, resolveConfig } from "../methods/registry.ts";
import { temporaryFolder } from "../testing/data.ts";
import { withChannels, withoutImages } from "./channels.ts";
import { commonSchema } from "./common.ts";
import { BEFORE_CHANNELS, IMAGENET } from "./defaults.ts";
import { parseValue, readSettings } from "./files.ts";
import { either } from "./suggest.ts";

const { path: folder, ...temporary } = temporaryFolder();
afterAll(() => temporary[Symbol.dispose]());
/** All methods, as refusals list them. */
const NAMES = either(ABOUTS.map(({ name }) => name));
const file = (settings: Record<string, unknown>) => ({ name: "my.yaml", settings });

describe("resolveConfig", () => {
  it("takes flags over the file over the preset", () => {
    const config = resolveConfig({
      file: file({ method: "simclr", preset: "report", lr: 0.01, batch: 64 }),
      flags: { batch: 16 },
    });
    expect(config).toMatchObject({
      preset: "report",
      encoder: "resnet50",
      epochs: 100,
      lr: 0.01,
      batch: 16,
      optimizer: "adam",
    });
  });

  it("says in one line that a file holds another method's settings", () => {
    const settings = resolveConfig({ flags: { method: "simclr" } });
    expect(() => resolveConfig({ file: file(settings), flags: { method: "mae" } })).toThrow(
      /^Expected settings of mae in my.yaml, got those of "simclr"; leave out --method, or give another --config$/,
    );
  });

  it("starts from preset auto where none is named, whose values are those of small until images are known", () => {
    expect(resolveConfig({ flags: { method: "mae" } })).toMatchObject({
      preset: "auto",
      encoder: "vit_tiny",
      decoder: "transformer",
    });
    expect({ ...resolveConfig({ flags: { method: "mae" } }), preset: "small" }).toEqual(
      resolveConfig({ flags: { method: "mae", preset: "small" } }),
    );
  });

  it.each([
    [{}, true],
    [{ size: 64 }, false],
    [{ encoder: "vit_tiny" }, false],
    [{ encoder: "resnet50" }, true],
    [{ size: 64, eval_size: 80 }, true],
  ])("with %o evaluates at another size than it trains at: %o", (flags, other) => {
    const { size, eval_size } = resolveConfig({ flags: { method: "simclr", ...flags } });
    expect(eval_size !== null && eval_size > size).toBe(other);
  });

  it("refuses an eval_size that a ViT's patch does not divide, and takes others", () => {
    expect(() => resolveConfig({ flags: { method: "mae", eval_size: 100 } })).toThrow(
      "Expected an eval_size that patch 8 divides, got 100",
    );
    expect(resolveConfig({ flags: { method: "mae", eval_size: 96 } }).eval_size).toBe(96);
  });

  it.each(ABOUTS.flatMap(({ name, presets }) => Object.keys(presets).map((preset) => [name, preset] as const)))(
    "%s %s holds every key, passes its own checks, and comes back unchanged through JSON",
    (method, preset) => {
      const config = resolveConfig({ flags: { method, preset } });
      const { schema, about } = methodNamed(method);
      // A preset may choose what an encoder leaves open, such as iBOT's pooling.
      const keys = new Set([
        ...Object.keys({ ...commonSchema, ...schema, ...about.defaults }),
        "method",
        "preset",
        "encoder",
      ]);
      expect(Object.keys(config).sort()).toEqual([...keys].sort());
      const path = join(folder, `${method}-${preset}.json`);
      writeFileSync(path, JSON.stringify({ schema: 2, status: "done", config }));
      expect(resolveConfig({ file: { name: path, settings: readSettings(path) } })).toEqual(config);
    },
  );

  it.each([
    [{ method: "simclr", temprature: 0.1 }, "Unknown setting temprature (did you mean temperature?)"],
    [{ method: "mae", "mask-ratio": 0.5 }, "Unknown setting mask-ratio (did you mean mask_ratio?)"],
    [{ method: "mae", temperature: 0.1 }, "Expected settings of mae, got temperature, which belongs to simclr"],
    [{ method: "simclr", zzzzzzzz: 1 }, "Unknown setting zzzzzzzz"],
    [{ method: "simcrl" }, `Expected ${NAMES} for method, got "simcrl" (did you mean simclr?)`],
    [
      { method: "simclr", preset: "papr" },
      'Expected auto, report, paper or small for preset, got "papr" (did you mean paper?)',
    ],
    [{ method: "mae", mask_ratio: 75 }, "Expected a number between 0 and 1 for mask_ratio, got 75"],
    [{ method: "simclr", temperature: -1 }, "Expected a number above 0 and at most 100 for temperature, got -1"],
    [{ method: "simclr", batch: 1.5 }, "Expected a whole number from 1 to 65536 for batch, got 1.5"],
    [{ method: "simclr", lr: "fast" }, 'Expected a number above 0 and at most 100 for lr, got "fast"'],
    [
      { method: "simclr", optimizer: "adamW" },
      'Expected one of adam, adamw, sgd, lars for optimizer, got "adamW" (did you mean adamw?)',
    ],
    [
      { method: "mae", encoder: "resnet50" },
      'Expected one of vit_tiny, vit_small, vit_base, vit_large for encoder, got "resnet50"',
    ],
    [{ method: "simclr", device: "gpu" }, 'Expected auto, cpu, cuda, cuda:N or mps for device, got "gpu"'],
    [{ method: "simclr", threads: 0 }, "Expected auto or a whole number from 1 to 1024 for threads, got 0"],
    [
      { method: "simclr", mean: [0.5, 2] },
      "Expected auto or numbers from 0 to 1, one a channel (three for red, green, blue) for mean, got [0.5,2]",
    ],
    [
      { method: "simclr", channels: 4, mean: [0.5, 0.5, 0.5] },
      "Expected 4 numbers for mean, one a channel, got 3 ([0.5,0.5,0.5]); leave mean out, or set it to auto to have it measured",
    ],
    [{ method: "byol", channels: 2, std: 0.5 }, "Expected 2 numbers for std, one a channel, got 1 ([0.5])"],
    [{ method: "simclr", channels: 0 }, "Expected auto or a whole number from 1 to 256 for channels, got 0"],
    [{ method: "simclr", channels: 257 }, "Expected auto or a whole number from 1 to 256 for channels, got 257"],
    [{ method: "simclr", channels: "rgb" }, 'Expected auto or a whole number from 1 to 256 for channels, got "rgb"'],
    [
      { method: "mae", bands: "4,3,0" },
      'Expected numbers of bands from 1 on, one a channel (256 at most), as in 4,3,2 for bands, got "4,3,0"',
    ],
    [{ method: "mae", bands: "red" }, 'as in 4,3,2 for bands, got "red"'],
    [{ method: "mae", bands: [] }, "as in 4,3,2 for bands, got []"],
    [
      { method: "mae", channels: 4, bands: "4,3,2" },
      "Expected as many bands as channels (4), got 3 (4,3,2); leave one of the two out",
    ],
    [
      { method: "mae", range: "3000,0" },
      'Expected auto, type or the values of black and white, the lower first, as in 0,3000, for range, got "3000,0"',
    ],
    [{ method: "mae", range: 3000 }, "as in 0,3000, for range, got 3000"],
    [{ method: "mae", range: "0,1,2" }, 'as in 0,3000, for range, got "0,1,2"'],
    [{ method: "mae", range: "types" }, 'as in 0,3000, for range, got "types"'],
    [{ method: "mae", tiles: 8 }, "Expected a whole number from 16 to 4096 for tiles, got 8"],
    [
      { method: "mae", tiles: 32 },
      "Expected tiles of at least size (64 px), got 32; set larger tiles or a smaller size",
    ],
    [{ method: "byol", preset: "report" }, 'Expected auto, paper or small for preset, got "report"'],
    [{ method: "simclr", blur_p_second: 0.5 }, "Expected settings of simclr, got blur_p_second, which belongs to byol"],
    [{ method: "mae", hue: 0.5 }, "Expected settings of mae, got hue, which belongs to simclr, byol, "],
    [{ method: "byol", encoder: "vit_tiny", stem: "3x3" }, "Expected no stem with encoder vit_tiny"],
    [{ method: "simclr", encoder: "convnext_tiny", stem: "3x3" }, "Expected no stem with encoder convnext_tiny"],
    [{ method: "simclr", encoder: "convnext_tiny", patch: 8 }, "Expected no patch with encoder convnext_tiny"],
    [
      { method: "simclr", encoder: "convnext_tiny", size: 48, local_views: 2 },
      "Expected views of at least 32 px with convnext_tiny, got 24 px; set a larger size",
    ],
    [
      { method: "byol", encoder: "convnext_tiny", size: 64, size_start: 24 },
      "Expected views of at least 32 px with convnext_tiny, got 24 px",
    ],
    [
      { method: "byol", encoder: "convnext_tiny", size: 64, eval_size: 31 },
      "Expected an eval_size of at least 32 px with convnext_tiny, got 31 px; set a larger one, or null for size",
    ],
    [
      { method: "mae", encoder: "convnext_tiny" },
      'Expected one of vit_tiny, vit_small, vit_base, vit_large for encoder, got "convnext_tiny"',
    ],
    [
      { method: "simclr", encoder: "vit_tiny", registers: 4 },
      "Expected no registers among the settings, got 4; it is the encoder's that a run begins with",
    ],
    [{ metod: "simclr" }, "Unknown setting metod (did you mean method?)"],
    [{ method: "simclr", batch: 1 }, "Expected at least 2 for batch"],
    [{ method: "simclr", batch: 1e99 }, /^Expected a whole number from 1 to 65536 for batch, got 1e\+99$/],
    [{ method: "simclr", steps: Number.POSITIVE_INFINITY }, "Expected a whole number from 1 to 1000000000 for steps"],
    [{ method: "mae", patch: 8, size: 65 }, "Expected a size that patch 8 divides, got 65"],
    [
      { method: "mae", preset: "paper", epochs: 5 },
      "Expected at most epochs (5) for warmup_epochs, got 40; set warmup_epochs too",
    ],
    [{ method: "mae", decoder_heads: 5 }, "Expected a decoder_width that decoder_heads 5 divides, got 128"],
    [
      { method: "mae", patch: 8, mask_ratio: 0.99 },
      "Expected a mask_ratio that leaves some of 64 patches visible and hides some, got 0.99",
    ],
    [{ method: "simclr", patch: 8 }, "Expected no patch with encoder resnet18, where it would change nothing"],
    [{ method: "mae", momentum: 0.5 }, "Expected no momentum with optimizer adamw, where it would change nothing"],
  ])("refuses %o", (flags, message) => {
    expect(() => resolveConfig({ flags })).toThrow(UsageError);
    expect(() => resolveConfig({ flags })).toThrow(message);
  });

  it("keeps what sets a run's encoder apart, and checks it", () => {
    const before = resolveConfig({ flags: { method: "simclr", encoder: "vit_tiny" } });
    const own = { pooling: "class", registers: 4, layer_scale: null, class_token: true, norm_eps: 1e-12, mlp_ratio: 3 };
    const config = resolveConfig({ file: file({ ...before, ...own }), flags: { epochs: 3 } });
    expect(config).toEqual({ ...before, ...own, epochs: 3 });
    expect(resolveConfig({ file: file(JSON.parse(JSON.stringify(config))) })).toEqual(config);
    expect(() => resolveConfig({ file: file({ ...before, pooling: "max" }) })).toThrow(
      'Expected one of mean_max, class, mean, class_mean for pooling, got "max"',
    );
    expect(() => resolveConfig({ file: file({ ...before, registers: -1 }) })).toThrow(
      "Expected a whole number from 0 to 1024 for registers, got -1 (in my.yaml)",
    );
  });

  it("names every problem and the file that a bad setting came from", () => {
    expect(() => resolveConfig({ file: file({ method: "mae", lr: -1, bacth: 3 }) })).toThrow(
      /lr, got -1 \(in my\.yaml\).*; Unknown setting bacth \(did you mean batch\?\) \(in my\.yaml\)|bacth.*; .*lr, got -1/,
    );
  });
});

describe("channels", () => {
  const settled = (flags: Record<string, unknown>) => resolveConfig({ flags: { method: "simclr", ...flags } });

  it("are left to the images by default, their samples too", () => {
    expect(settled({})).toMatchObject({ channels: "auto", bands: null, range: "auto", tiles: null });
  });

  it("are read as people write them", () => {
    const { bands, range, mean } = settled({ bands: "4, 3,2", range: "-0.5,1e4", mean: "0.1,0.2,0.3", channels: 3 });
    expect({ bands, range, mean }).toEqual({ bands: [4, 3, 2], range: [-0.5, 10_000], mean: [0.1, 0.2, 0.3] });
    expect(settled({ bands: 2, channels: 1 }).bands).toEqual([2]);
    expect(settled({ range: "type", tiles: 64, mean: "auto" })).toMatchObject({ range: "type", mean: "auto" });
  });

  it("have the average of a preset's three numbers each where they are others than three", () => {
    const paper = settled({ preset: "paper", channels: 4 });
    expect(paper).toMatchObject({ mean: [0.449, 0.449, 0.449, 0.449], std: [0.226, 0.226, 0.226, 0.226] });
    expect(settled({ channels: 1 })).toMatchObject({ mean: [0.5], std: [0.5] });
    expect(settled({ preset: "paper", channels: 3 }).mean).toEqual(IMAGENET.mean);
    expect(resolveConfig({ file: { name: "run.json", settings: { ...paper } } })).toEqual(paper);
  });

  it("are settled by the images, to which given numbers must fit", () => {
    const config = settled({ preset: "paper" });
    expect(withChannels(config, 2, {})).toMatchObject({ channels: 2, mean: [0.449, 0.449], std: [0.226, 0.226] });
    const given = { mean: [0.1, 0.2, 0.3] };
    expect(() => withChannels({ ...config, ...given }, 2, given)).toThrow("Expected 2 numbers for mean, one a channel");
    const measured = { mean: [0.25], std: [0.125] };
    expect(withChannels({ ...config, mean: "auto" }, 1, { mean: "auto" }, measured)).toMatchObject({
      mean: [0.25],
      std: [0.226],
    });
  });

  it("are those of photographs where no images were looked at, or what settings name", () => {
    expect(withoutImages(settled({}))).toMatchObject({ channels: 3, mean: [0.5, 0.5, 0.5] });
    expect(withoutImages(settled({ bands: "1,2,3,4,5", mean: "auto" }))).toMatchObject({
      channels: 5,
      mean: [0.5, 0.5, 0.5, 0.5, 0.5],
    });
  });

  it("of a run from before there was a choice are three of photographs", () => {
    const { channels, bands, range, tiles, ...config } = settled({});
    const path = join(folder, "old.json");
    writeFileSync(path, JSON.stringify({ schema: 1, status: "done", config }));
    const read = resolveConfig({ file: { name: path, settings: readSettings(path) } });
    expect(read).toEqual({ ...config, ...BEFORE_CHANNELS });
    expect([channels, bands, range, tiles]).toEqual(["auto", null, "auto", null]);
  });
});

describe("readSettings", () => {
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  it("reads YAML, numbers in scientific notation and comments included", () => {
    const path = write("a.yaml", "method: mae # the one\nlr: 3e-4\nbetas: [0.9, 0.95]\nsteps: null\n");
    expect(readSettings(path)).toEqual({ method: "mae", lr: 3e-4, betas: [0.9, 0.95], steps: null });
  });

  it("takes an empty file as no settings", () => {
    expect(readSettings(write("empty.yaml", "# nothing yet\n"))).toEqual({});
  });

  it.each([
    ["list.yaml", "- 1\n- 2\n", "Expected settings such as"],
    ["broken.yaml", "lr: [1,\n", "Expected YAML or JSON in"],
    // Found by `npm run fuzz`.
    ["alias.yaml", "lr: *a\n", "Unresolved alias"],
    ["deep.yaml", "[".repeat(1000), "nested too deeply"],
    ["dashes.yaml", "- ".repeat(1000), "nested too deeply"],
    ["deep.json", `{"lr":${"[".repeat(100_000)}`, "at most 32768 characters of YAML are read"],
    ["long.yaml", `# ${"x".repeat(10_000_001)}`, "Expected at most 10000000 bytes of settings in"],
    [
      "bomb.yaml",
      `a: &a [${"x,".repeat(20)}]\n${[..."bcdefghi"].map((name, i) => `${name}: &${name} [${`*${"abcdefgh"[i]},`.repeat(20)}]\n`).join("")}`,
      "Excessive alias count",
    ],
  ])("refuses %s", (name, text, message) => {
    const path = write(name, text);
    expect(() => readSettings(path)).toThrow(UsageError);
    expect(() => readSettings(path)).toThrow(message);
    expect(() => readSettings(path)).toThrow(path);
  });

  it("refuses a value that contains itself, and runs no code", () => {
    const settings = readSettings(write("circle.yaml", "method: mae\nlr: &a [*a]\n"));
    expect(() => resolveConfig({ file: { name: "circle.yaml", settings } })).toThrow(
      "lr, got a value that contains itself",
    );
    const code = readSettings(write("code.yaml", "lr: !!js/function 'function () { throw 1 }'\n"));
    expect(code).toEqual({ lr: "function () { throw 1 }" });
  });

  it("says which file is missing", () => {
    expect(() => readSettings("/no/such.yaml")).toThrow(
      "Expected a readable file for --config, got /no/such.yaml (ENOENT)",
    );
  });
});

it("reads flag values as YAML does", () => {
  expect(["3e-4", "true", "null", "[1, 2]", "cuda:0", "lars"].map(parseValue)).toEqual([
    3e-4,
    true,
    null,
    [1, 2],
    "cuda:0",
    "lars",
  ]);
});
