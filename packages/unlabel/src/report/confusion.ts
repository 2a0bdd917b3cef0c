// The confusion matrix as compact SVG: one path a shade instead of an element for each of up to 10,000
// cells. Rows are true classes; a cell's shade follows its share of its row.
import { shorten } from "../page/format.ts";
import { escapeText, type Html, raw } from "../page/html.ts";

/** A matrix of more classes than these is read by nobody, and fills the page. */
export const MOST_CLASSES = 200;

const SHADES = 20;

/** The cell edge in pixels at which a matrix of `n` classes stays readable. */
function cellEdge(n: number): number {
  if (n <= 12) return 34;
  if (n <= 30) return 24;
  return n <= 60 ? 14 : 8.5;
}

/** Draws a matrix of counts; the page's script reads `data-names` and `data-counts` to tell what the pointer is on. */
export function confusionMatrix(title: string, names: readonly string[], counts: readonly (readonly number[])[]): Html {
  const n = names.length;
  const edge = cellEdge(n);
  const font = Math.min(12, edge - 1);
  const longest = Math.max(...names.map((name) => [...shorten(name, 22)].length));
  const label = Math.ceil(longest * font * 0.62) + 10;
  const width = label + n * edge + 2;
  const height = n * edge + Math.ceil(label * 0.8) + 4;
  const totals = counts.map((row) => row.reduce((sum, cell) => sum + cell, 0));
  const shades: string[] = Array.from({ length: SHADES + 1 }, () => "");
  const numbers: string[] = [];
  counts.forEach((row, y) => {
    row.forEach((cell, x) => {
      if (cell === 0) return;
      const share = cell / (totals[y] || 1);
      const shade = Math.max(1, Math.round(share * SHADES));
      shades[shade] += `M${x},${y}h1v1h-1z`;
      if (edge < 20) return;
      const color = share > 0.85 ? ' class="full"' : share > 0.6 ? ' class="half"' : "";
      numbers.push(`<text x="${label + (x + 0.5) * edge}" y="${(y + 0.5) * edge}"${color}>${cell}</text>`);
    });
  });
  const cells = shades
    .map((path, shade) => (path ? `<path d="${path}" fill-opacity="${((shade / SHADES) ** 0.7).toFixed(2)}"/>` : ""))
    .join("");
  const rows = names.map(
    (name, y) => `<text x="${label - 6}" y="${(y + 0.5) * edge}">${escapeText(shorten(name, 22))}</text>`,
  );
  const columns = names.map((name, x) => {
    const at = `translate(${label + (x + 0.5) * edge},${n * edge + 6}) rotate(-55)`;
    return `<text transform="${at}">${escapeText(shorten(name, 22))}</text>`;
  });
  const data = `data-names="${escapeText(JSON.stringify(names))}" data-counts="${escapeText(JSON.stringify(counts))}"`;
  return raw(
    `<svg class="matrix" role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
      `style="max-width:${width}px;min-width:${Math.round(width * (n <= 12 ? 0.72 : 0.9))}px" font-size="${font}" data-label="${label}" data-edge="${edge}" ${data}>` +
      `<title>${escapeText(title)}</title>` +
      `<rect class="frame" x="${label}" y="0.5" width="${n * edge}" height="${n * edge}"/>` +
      `<g class="cells" transform="translate(${label},0.5) scale(${edge})">${cells}</g>` +
      `<g class="numbers" font-size="${Math.min(11, edge * 0.42)}">${numbers.join("")}</g>` +
      `<g class="names">${rows.join("")}${columns.join("")}</g></svg>`,
  );
}
