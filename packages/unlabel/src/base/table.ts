// Rows of text in columns.

/**
 * Lays rows out in columns, numbers to the right, no wider than `width`: the widest text column gives way first, cut
 * with an ellipsis.
 */
export function table(rows: (string | number)[][], width = 80): string {
  const cells = rows.map((row) => row.map(String));
  const columns = Math.max(...cells.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  const gap = 2;
  for (let over = sum(widths) + gap * (columns - 1) - width; over > 0; over--) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= 4) break;
    widths[widest]!--;
  }
  const numeric = widths.map((_, i) => rows.some((row) => typeof row[i] === "number"));
  return cells
    .map((row) =>
      row
        .map((cell, i) => {
          const text = cell.length > widths[i]! ? `${cell.slice(0, widths[i]! - 1)}…` : cell;
          return numeric[i] ? text.padStart(widths[i]!) : text.padEnd(widths[i]!);
        })
        .join(" ".repeat(gap))
        .trimEnd(),
    )
    .join("\n");
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
