// A few images of every class next to each other, as people can see them: whether they are what one thinks, and are read as they should
// be, is seen at a glance.
import { isOrdinary } from "../data/input.ts";
import { type Html, html } from "../page/html.ts";
import { type Checked, nameOf } from "./check.ts";
import type { Seen } from "./look.ts";
import { label, thumbnail } from "./thumbnail.ts";

/** Images that are shown. */
const SHOWN = 24;

/** Up to 24 readable images spread over the classes, class by class. */
export function spreadOverClasses(images: readonly Seen[], most = SHOWN): Seen[] {
  const members = new Map<number, Seen[]>();
  for (const seen of images) {
    if (seen.reason !== null) continue;
    const found = members.get(seen.item.label);
    if (found) found.push(seen);
    else members.set(seen.item.label, [seen]);
  }
  const all = spread(
    [...members].sort((a, b) => a[0] - b[0]).map(([, some]) => some),
    most,
  );
  // Small classes leave their room to others.
  const counts = all.map(() => 0);
  const sum = () => counts.reduce((total, one) => total + one, 0);
  for (let before = -1; sum() < most && sum() > before; ) {
    before = sum();
    for (const [i, some] of all.entries()) if (sum() < most && counts[i]! < some.length) counts[i]!++;
  }
  return all.flatMap((some, i) => spread(some, counts[i]!));
}

/** Up to `count`, evenly from all over. */
function spread<T>(all: readonly T[], count: number): T[] {
  const most = Math.min(count, all.length);
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]!);
}

/** The section; null where none can be read. */
export async function contactSheet({ result, images, reader }: Checked): Promise<Html | null> {
  const shown = spreadOverClasses(images);
  if (shown.length === 0) return null;
  const figures = await Promise.all(
    shown.map(
      async (seen) =>
        html`<figure>${await thumbnail(seen, reader)}<figcaption>${label(nameOf(result, seen))}</figcaption></figure>`,
    ),
  );
  return html`<p class="note">${how(result)}</p><div class="contact">${figures}</div>`;
}

/** What is seen in them. */
function how({ input, classes }: Checked["result"]): string {
  const { channels, bands, range, tiles } = input;
  const from =
    classes.length > SHOWN ? `from ${SHOWN} classes` : classes.length > 1 ? "from every class" : "from all over";
  const what = `${tiles === null ? "Images" : "Tiles, named by their left and upper edge,"} ${from}`;
  if (isOrdinary(input)) return `${what}.`;
  const band = (k: number) => bands?.[k] ?? k + 1;
  const shown =
    channels < 3
      ? `band ${band(0)} as gray`
      : `bands ${band(0)}, ${band(1)} and ${band(2)} as red, green and blue${channels > 3 ? `, of ${channels}` : ""}`;
  const values = range === null ? "all that the type holds" : "the range that the network is given";
  return `${what}: ${shown}, from black to white by ${values}. What is all black or all white here is that for the network, too.`;
}
