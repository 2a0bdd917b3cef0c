// Names of tensors as patterns: `*` is a number that the other side has too, `#` one that it has not, `{a|b}` one of several, and a final
// dot stands for all below (weight, bias, …). On our side `[n]` is the piece of a tensor that is n-th along the first dimension.

/** Their name and ours. */
export type Renaming = readonly [theirs: string, ours: string];

/** What a name becomes. */
export interface Renamed {
  ours: string;
  /** Null where it is all of it. */
  piece: number | null;
}

/** The first renaming that fits decides; null where none does. */
export function renamer(table: readonly Renaming[]): (name: string) => Renamed | null {
  const rules = table.map(([theirs, ours]) => ({ fits: expression(theirs), ours }));
  return (name) => {
    for (const { fits, ours } of rules) {
      const found = fits.exec(name);
      if (found) return renamed(ours, found.slice(1));
    }
    return null;
  };
}

/** Whether a name fits one of some patterns, and which. */
export function firstFit<T>(table: readonly (readonly [pattern: string, value: T])[]): (name: string) => T | null {
  const rules = table.map(([pattern, value]) => ({ fits: expression(pattern), value }));
  return (name) => rules.find(({ fits }) => fits.test(name))?.value ?? null;
}

function expression(pattern: string): RegExp {
  const source = pattern
    .replace(/[.[\]()+?^$\\]/g, "\\$&")
    .replace(/\{([^}]*)\}/g, "(?:$1)")
    .replaceAll("*", "(\\d+)")
    .replaceAll("#", "\\d+");
  return new RegExp(pattern.endsWith(".") ? `^${source}(.+)$` : `^${source}$`);
}

function renamed(ours: string, found: readonly string[]): Renamed {
  let at = 0;
  const name = ours.replaceAll("*", () => found[at++] ?? "");
  const piece = /\[(\d)\]/.exec(name);
  const whole = piece ? name.replace(piece[0], "") : name;
  return {
    ours: ours.endsWith(".") ? whole + (found.at(-1) ?? "") : whole,
    piece: piece ? Number(piece[1]) : null,
  };
}
