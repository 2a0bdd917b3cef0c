// Names where no element can stand around them, as in the list of a select.

/** A name that is written from right to left, or turns the direction, leaves what stands around it as it is. */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`;
}
