import type { PageProps } from "../app/page.ts";

export function CurvesPage(_: PageProps) {
  return <h1>Curves</h1>;
}
