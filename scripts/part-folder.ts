// Folders of gigabytes that several processes may be installing at once: each has a part of its own, and the first to be done has its
// folder stay. What a killed one has left is removed by the next.
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Where this process may put what becomes `folder`. */
export function partOf(folder: string): string {
  const name = basename(folder);
  for (const other of existsSync(dirname(folder)) ? readdirSync(dirname(folder)) : []) {
    const pid = other.startsWith(`${name}.`) ? /^\.(\d+)\.part$/.exec(other.slice(name.length))?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(dirname(folder), other), { recursive: true, force: true });
  }
  const part = `${folder}.${process.pid}.part`;
  rmSync(part, { recursive: true, force: true });
  return part;
}

/** Gives a part its name, or lets it go where another process was quicker. @returns the folder */
export function placed(part: string, folder: string): string {
  try {
    renameSync(part, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(part, { recursive: true, force: true });
  }
  return folder;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
