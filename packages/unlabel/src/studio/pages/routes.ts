// Every page of the studio, by its address. A new page is a line here.
import type { FunctionComponent } from "preact";
import type { PageProps } from "./app/page.ts";
import { CurvesPage } from "./curves/curves-page.tsx";
import { RunPage } from "./run/run-page.tsx";
import { RunsPage } from "./runs/runs-page.tsx";

/** One page. */
export interface Route {
  /** `/run/:id`: parts that begin with a colon stand for anything. */
  path: string;
  /** For the browser's tab. */
  title: string;
  /** Its word in the head of every page; absent where one gets there in other ways. */
  nav?: string;
  /** After `g`, leads there. */
  key?: string;
  page: FunctionComponent<PageProps>;
}

export const routes: readonly Route[] = [
  { path: "/", title: "Runs", nav: "Runs", key: "r", page: RunsPage },
  { path: "/curves", title: "Curves", page: CurvesPage },
  { path: "/run/:id", title: "Run", page: RunPage },
];
