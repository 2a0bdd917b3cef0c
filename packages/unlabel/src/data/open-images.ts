// Placeholder until the decoders of other images are there.
import type { Dataset } from "./folder.ts";
import { type Input, PHOTOGRAPHS } from "./input.ts";
import { openData } from "./open.ts";

export interface InputSettings {
  channels: number | "auto";
  bands: readonly number[] | null;
  range: "auto" | "type" | readonly [number, number];
  tiles: number | null;
}

export async function openImages(root: string, settings: InputSettings, _seed: number): Promise<Dataset> {
  const channels = settings.channels === "auto" ? 3 : settings.channels;
  return openImagesAs(root, { ...PHOTOGRAPHS, channels, bands: settings.bands, tiles: settings.tiles });
}

export async function openImagesAs(root: string, input: Input): Promise<Dataset> {
  const { train, val, ...rest } = await openData(root);
  return { ...rest, train: { ...train, input }, val: val && { ...val, input } };
}
