// Which commit of a project a program is called in.
import { execFileSync } from "node:child_process";

/** The commit of the project that `folder` is in, or null where it is in none. */
export function commitOf(folder: string): string | null {
  try {
    const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
    return execFileSync("git", ["rev-parse", "HEAD"], { cwd: folder, encoding: "utf8", stdio }).trim();
  } catch {
    return null;
  }
}
