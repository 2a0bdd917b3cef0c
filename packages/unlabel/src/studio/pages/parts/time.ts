// Moments as people say them.

const MINUTE = 60_000;
const date = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const year = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });

/** "now", "5 m ago", "3 h ago", "2 d ago", then the day. @param iso ISO 8601; null and nonsense are a dash */
export function ago(iso: string | null, now = Date.now()): string {
  const at = iso === null ? Number.NaN : Date.parse(iso);
  if (!Number.isFinite(at)) return "–";
  const minutes = Math.floor((now - at) / MINUTE);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} m ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  if (minutes < 7 * 24 * 60) return `${Math.floor(minutes / 60 / 24)} d ago`;
  return new Date(at).getFullYear() === new Date(now).getFullYear() ? date.format(at) : year.format(at);
}
