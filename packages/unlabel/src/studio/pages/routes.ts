// Every page of the studio, by its address. A new page is a line here.
import type { FunctionComponent } from "preact";
import type { PageProps } from "./app/page.ts";
import { CurvesPage } from "./curves/curves-page.tsx";
import { DataPage } from "./data/data-page.tsx";
import { LabelPage } from "./label/label-page.tsx";
import { MapPage } from "./map/map-page.tsx";
import { MaskedPage } from "./masked/masked-page.tsx";
import { RunPage } from "./run/run-page.tsx";
import { RunsPage } from "./runs/runs-page.tsx";
import { SearchPage } from "./search/search-page.tsx";

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
  { path: "/map", title: "Map", nav: "Map", key: "m", page: MapPage },
  { path: "/search", title: "Search", nav: "Search", key: "s", page: SearchPage },
  { path: "/masked", title: "Masked", nav: "Masked", key: "k", page: MaskedPage },
  { path: "/data", title: "Data", nav: "Data", key: "d", page: DataPage },
  { path: "/label", title: "Label", nav: "Label", key: "l", page: LabelPage },
];
