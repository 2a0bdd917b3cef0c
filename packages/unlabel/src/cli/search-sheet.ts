// The page that `search -o` writes: the query and what was found, thumbnails within it, nothing loaded from anywhere.
import { basename } from "node:path";
import { GENERATOR } from "../base/output-file.ts";
import { versionOfUnlabel } from "../base/version.ts";
import type { SearchResult } from "../eval/search.ts";
import { html, raw } from "../page/html.ts";
import { weightsWords } from "./evaluation.ts";

const STYLE = `
:root { color-scheme: light dark; }
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
ol { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 1rem; list-style: none; padding: 0; }
figure { margin: 0; }
img { border-radius: 6px; display: block; height: auto; max-width: 100%; }
figcaption { font-size: 13px; overflow-wrap: anywhere; }
`;

/** @param thumbnails JPEGs of the query and of what was found, `edge` pixels a side */
export function searchSheet(
  { query, data, found, images, step, weights_average }: Omit<SearchResult, "thumbnails">,
  thumbnails: readonly Uint8Array[],
  edge: number,
): string {
  const picture = (at: number, alt: string) => {
    const uri = `data:image/jpeg;base64,${Buffer.from(thumbnails[at]!).toString("base64")}`;
    return html`<img src="${raw(uri)}" width="${edge}" height="${edge}" alt="${alt}">`;
  };
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
${raw(GENERATOR)}${versionOfUnlabel()}">
<title>Nearest to ${basename(query)}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<h1>Nearest to ${basename(query)}</h1>
<figure>${picture(0, "The query")}<figcaption>${query}</figcaption></figure>
<p>The ${found.length} most similar of ${images} images in ${data}, by cosine similarity of features after step ${step}${weightsWords(weights_average)}.</p>
<ol>${found.map(
    (one, i) => html`
<li><figure>${picture(i + 1, one.path)}<figcaption><b>${one.similarity.toFixed(3)}</b>${one.class !== null && html` ${one.class}`}<br>${one.path}</figcaption></figure></li>`,
  )}
</ol>
</body>
</html>
`;
  return page.text;
}
