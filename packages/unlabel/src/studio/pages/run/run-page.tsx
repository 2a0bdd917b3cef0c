import type { PageProps } from "../app/page.ts";

export function RunPage(_: PageProps) {
  return <h1>Run</h1>;
}
