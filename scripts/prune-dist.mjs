// Removes from dist what sources that are gone have left there: the compiler deletes nothing, and npm would pack it. Only
// that, since programs may be running from the rest. Runs in a package's folder.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { PAGE_FILES } from "./pages.mjs";

/** What browsers run is bundled, not compiled file by file. */
const PAGES = join("studio", "pages");

for (const name of readdirSync("dist", { recursive: true })) {
  if (name.startsWith(PAGES)) {
    if (name !== PAGES && !PAGE_FILES.includes(basename(name)))
      rmSync(join("dist", name), { recursive: true, force: true });
    continue;
  }
  const compiled = /^(.+?)(\.d\.ts|\.js)(\.map)?$/.exec(name);
  if (compiled && !existsSync(join("src", `${compiled[1]}.ts`))) rmSync(join("dist", name));
}
