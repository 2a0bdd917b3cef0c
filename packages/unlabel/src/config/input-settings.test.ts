import { describe, expect, it } from "vitest";
import { inputSettings } from "./input-settings.ts";

describe("settings of how images are read", () => {
  it("are those of training, and only those given", () => {
    expect(inputSettings({})).toEqual({});
    expect(inputSettings({ bands: "4,3,2", range: "0,3000", tiles: 512 })).toEqual({
      bands: [4, 3, 2],
      range: [0, 3000],
      tiles: 512,
    });
    expect(inputSettings({ channels: "auto", range: "type", tiles: null })).toEqual({
      channels: "auto",
      range: "type",
      tiles: null,
    });
  });

  it.each([
    [{ lr: 1 }, "Expected channels, bands, range or tiles for --set, which say how images are read, got lr"],
    [
      { tile: 64 },
      "Expected channels, bands, range or tiles for --set, which say how images are read, got tile (did you mean tiles?)",
    ],
    [{ tiles: 3 }, "Expected a whole number from 16 to 4096 for tiles, got 3"],
    [{ channels: "many" }, 'Expected auto or a whole number from 1 to 256 for channels, got "many"'],
  ])("refuse %o", (given, message) => {
    expect(() => inputSettings(given)).toThrow(message);
  });
});
