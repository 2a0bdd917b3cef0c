// What every page is given.

/** A page's properties. */
export interface PageProps {
  /** Parts of the address that its path names. */
  params: Readonly<Record<string, string>>;
}
