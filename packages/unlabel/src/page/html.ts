// HTML by tagged template: whatever is put in is escaped, unless it is HTML made here. A class folder may be called
// `<img src=x onerror=…>`; it stays text everywhere.

/** Text that is known to be safe HTML. */
export class Html {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

type Part = Html | string | number | null | undefined | false | readonly Part[];

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Escapes text for HTML and SVG, in elements and in quoted attributes; control characters that neither allows become U+FFFD. */
export function escapeText(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
    .replace(/[\p{Cc}\p{Cs}]/gu, (character) => (/[\t\n\r]/.test(character) ? character : "\ufffd"));
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "string") return escapeText(part);
  if (typeof part === "number") return String(part);
  return part.map(render).join("");
}

/** Builds HTML; strings put in are escaped, arrays joined, null and false left out. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(strings.reduce((text, literal, index) => text + render(parts[index - 1]) + literal));
}

/** Marks text as HTML already. Only for what this program wrote itself (charts, styles, data URIs). */
export function raw(text: string): Html {
  return new Html(text);
}
