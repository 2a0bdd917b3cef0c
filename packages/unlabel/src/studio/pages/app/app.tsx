// The frame around every page: where one is, where one can go, whether the server is there, and the keys.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Route, routes } from "../routes.ts";
import { navigate, useAddress } from "./address.ts";
import { Announcer } from "./announce.tsx";
import "./base.css";
import "./frame.css";
import { Help } from "./help.tsx";
import { useKeys } from "./keys.tsx";
import { Link } from "./link.tsx";
import { useConnected } from "./live.ts";
import { switchTheme, useTheme } from "./theme.ts";

export function App() {
  const { path } = useAddress();
  const [isHelp, setHelp] = useState(false);
  const found = routeOf(path);
  const title = found?.route.title ?? "Not here";
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  // Before the page's own effects, which may know a better one.
  useLayoutEffect(() => {
    document.title = `${title} · unlabel studio`;
  }, [path]);
  useEffect(() => {
    // Whoever reads by ear or moves by keyboard begins at the new page; the first one is where a browser begins.
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [path]);
  const going = Object.fromEntries(
    routes.flatMap(({ key, nav, path: to }) => (key ? [[`g ${key}`, [nav ?? to, () => navigate(to)] as const]] : [])),
  );
  useKeys("Everywhere", {
    "?": ["these keys", () => setHelp((now) => !now)],
    t: ["light or dark", switchTheme],
    "/": ["to the filter", () => document.querySelector<HTMLElement>("[data-filter]")?.focus()],
    ...going,
  });
  const Page = found?.route.page;
  return (
    <>
      <a class="skip" href="#main">
        To the page
      </a>
      <header class="head">
        <Link class="brand" href="/">
          unlabel
        </Link>
        <nav aria-label="Pages">
          <ul>
            {routes.flatMap(({ nav, path: to }) =>
              nav
                ? [
                    <li key={to}>
                      <Link href={to} aria-current={isUnder(path, to) ? "page" : undefined}>
                        {nav}
                      </Link>
                    </li>,
                  ]
                : [],
            )}
          </ul>
        </nav>
        <div class="tools">
          <Connection />
          <button type="button" class="quiet" onClick={() => setHelp(true)} title="Keys (?)" aria-label="Keys">
            <kbd>?</kbd>
          </button>
          <ThemeButton />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {Page && found ? (
          <Page key={found.route.path} params={found.params} />
        ) : (
          <div class="empty">
            <h1>Nothing here</h1>
            <p>
              No page has this address. <Link href="/">All runs</Link>
            </p>
          </div>
        )}
      </main>
      <Announcer />
      {isHelp && <Help onClose={() => setHelp(false)} />}
    </>
  );
}

function Connection() {
  const isConnected = useConnected();
  return (
    <span
      class={`connection ${isConnected === false ? "away" : ""}`}
      role="status"
      title={isConnected === false ? "Start unlabel studio again, and open the address that it prints" : undefined}
    >
      {isConnected === false ? "Not connected" : ""}
    </span>
  );
}

function ThemeButton() {
  const other = useTheme() === "dark" ? "light" : "dark";
  return (
    <button type="button" class="quiet" onClick={switchTheme} title={`Switch to ${other} (t)`}>
      {other === "dark" ? "Dark" : "Light"}
    </button>
  );
}

/** A run's page belongs to the runs. */
function isUnder(path: string, to: string): boolean {
  if (to === "/") return path === "/" || path === "/curves" || path.startsWith("/run/");
  return path === to || path.startsWith(`${to}/`);
}

function routeOf(path: string): { route: Route; params: Record<string, string> } | null {
  const given = path.split("/").filter(Boolean);
  for (const route of routes) {
    const wanted = route.path.split("/").filter(Boolean);
    if (wanted.length !== given.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((part, i) => {
      if (!part.startsWith(":")) return part === given[i];
      params[part.slice(1)] = given[i]!;
      return true;
    });
    if (fits) return { route, params };
  }
  return null;
}
