// Opens an address in whatever the system opens addresses with; where there is nothing, the address stands in the terminal.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { escapeText } from "../../page/html.ts";

/** A browser has read a file by then. */
const READ_MS = 20_000;

/**
 * Opens it, and does not wait. Others on this machine can see what programs are called with, so the address is handed over in a file
 * that they cannot read.
 */
export function openBrowser(address: string): void {
  const folder = mkdtempSync(join(tmpdir(), "unlabel-open-"));
  const file = join(folder, "open.html");
  writeFileSync(
    file,
    `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${escapeText(address)}">\n`,
    { mode: 0o600 },
  );
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  setTimeout(remove, READ_MS).unref();
  const [program, ...args] =
    process.platform === "darwin"
      ? ["open", file]
      : process.platform === "win32"
        ? ["rundll32", "url.dll,FileProtocolHandler", file]
        : ["xdg-open", file];
  const child = spawn(program!, args, { stdio: "ignore", detached: true });
  const failed = () => process.stderr.write("note: no browser could be opened; open the address above\n");
  child.on("error", failed);
  child.on("exit", (code) => (code === 0 ? undefined : failed()));
  child.unref();
}
