// An image as people can see it, small, and what it is called.
import { imagesOf } from "../data/images.ts";
import { type Html, html } from "../page/html.ts";
import type { Checked } from "./check.ts";
import { part, type Seen } from "./look.ts";
import type { Named } from "./result.ts";

/** Long side of a thumbnail in pixels. */
const EDGE = 144;

/** The picture as a data URI, its proportions kept; of other than three channels the first three, or the first as gray. */
export async function thumbnail(seen: Seen, reader: Checked["reader"]): Promise<Html> {
  const scale = EDGE / Math.max(seen.width, seen.height);
  const width = Math.max(1, Math.round(Math.min(1, scale) * seen.width));
  const height = Math.max(1, Math.round(Math.min(1, scale) * seen.height));
  const [image] = await imagesOf(seen.split, [seen.item]);
  const { data, failures } = await reader.readPictures([{ image: image!, views: [part(seen, 1)] }], {
    width,
    height,
    filter: "bilinear",
  });
  if (failures.length > 0) return html`<span class="tag">${failures[0]!.reason}</span>`;
  const { default: sharp } = await import("sharp");
  const webp = await sharp(data, { raw: { width, height, channels: 3 } })
    .webp({ quality: 80 })
    .toBuffer();
  return html`<img alt="" width="${width}" height="${height}" src="data:image/webp;base64,${webp.toString("base64")}">`;
}

/** Its split, unless its path begins with that, as paths of most folders do; its path and its class. */
export function label({ split, path, class: name }: Named): Html {
  return html`${!path.startsWith(split) && html`<b>${split}</b> `}${path}${name !== null && html` (${name.split(",")[0]!})`}`;
}
