// Charts as inline SVG by Observable Plot in linkedom's document: no browser, no scripts in the page. Colours are the
// page's CSS variables, text is currentColor, so one drawing serves light, dark and paper.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { escapeText, type Html, raw } from "../html.ts";

const { document } = parseHTML("<!doctype html><html><body></body></html>");

/** Draws a plot and gives it a title for those who do not see it. */
export function draw(title: string, options: Plot.PlotOptions): Html {
  const svg = Plot.plot({
    ...options,
    document,
    style: { fontFamily: "inherit", fontSize: "11.5px", overflow: "visible" },
  });
  const text = svg.outerHTML.replace(/<style>.*?<\/style>/s, "");
  return raw(text.replace(/^<svg /, '<svg role="img" ').replace(">", () => `><title>${escapeText(title)}</title>`));
}
