// Times as people write them: `90s`, `8m`, `1h30m`; a bare number is seconds.

/** Seconds, or null where `text` is no time. */
export function parseDuration(text: string): number | null {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const found = /^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?$/.exec(text.replaceAll(" ", ""));
  if (!found || text.trim() === "") return null;
  const [h = 0, m = 0, s = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return 3600 * h + 60 * m + s;
}
