// Removes from dist what sources that are gone have left there: the compiler deletes nothing, and npm would pack it. Only
// that, since programs may be running from the rest. Runs in a package's folder.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

for (const name of readdirSync("dist", { recursive: true })) {
  const compiled = /^(.+?)(\.d\.ts|\.js)(\.map)?$/.exec(name);
  if (compiled && !existsSync(join("src", `${compiled[1]}.ts`))) rmSync(join("dist", name));
}
