// Commands that people are to copy: written so that a shell reads them as they were meant, and begun with what starts this program
// where they stand.
import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** A word as a POSIX shell takes it: quoted only where it must be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command line of unlabel's that works where this process was started. */
export function commandLine(...words: string[]): string {
  return [starter(), ...words].join(" ");
}

/** Command lines as run.json records them, each begun with what starts the program here. */
export function recordedHere(commands: string): string {
  return commands.replace(/^unlabel(?= |$)/gm, () => starter());
}

/** What run.json records of this process: by the program's name, since whoever reads it may stand elsewhere. */
export function thisCommand(): string {
  return ["unlabel", ...launchedBy(), ...process.argv.slice(2).map(shellWord)].join(" ");
}

/** The words of `unlabel launch`, where that has started this process: whatever goes on with its work needs as many. */
export function launchedBy(env: NodeJS.ProcessEnv = process.env): string[] {
  return env.UNLABEL_LAUNCH ? [env.UNLABEL_LAUNCH] : [];
}

/** How a process was started. */
export interface Start {
  /** `process.argv[1]`. */
  program: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** This package's command. */
  own: string;
}

let known: string | null = null;

function starter(): string {
  const own = fileURLToPath(new URL("../../bin/unlabel.mjs", import.meta.url));
  known ??=
    process.env[STARTED_AS] ?? starterOf({ program: process.argv[1], env: process.env, cwd: process.cwd(), own });
  return known;
}

const STARTED_AS = "UNLABEL_STARTED_AS";

/** What a process of our own has to be told in its environment, so that its commands begin as this one's do. */
export function startedAs(): Record<string, string> {
  return { [STARTED_AS]: starter() };
}

/**
 * The words that start the program again: `npx unlabel` in a clone or a project that has it, however it was started there (by npx,
 * by a script of npm's such as `npm run demo`, by its path); `unlabel` where a shell finds it; else its path. A program that merely
 * imports this package gets the plain name.
 */
export function starterOf({ program, env, cwd, own }: Start): string {
  const real = (path: string) => (existsSync(path) ? realpathSync(path) : null);
  const isOwn = (path: string) => real(path) !== null && real(path) === real(own);
  if (program === undefined || !isOwn(program)) return "unlabel";
  // npm runs scripts in the folder of package.json, wherever in it they were called.
  const from = env.INIT_CWD !== undefined && real(env.INIT_CWD) !== real(cwd) ? `cd ${shellWord(cwd)} && ` : "";
  if (folders(cwd).some((folder) => isOwn(join(folder, "node_modules", ".bin", "unlabel")))) {
    return `${from}${ofManager(env.npm_config_user_agent)}`;
  }
  // From npx's own cache.
  if (env.npm_command === "exec") return `${from}npx unlabel`;
  const found = (env.PATH ?? "").split(delimiter).find((folder) => existsSync(join(folder, "unlabel")));
  if (found !== undefined && isOwn(join(found, "unlabel"))) return `${from}unlabel`;
  return `${from}${program.endsWith(".mjs") ? "node " : ""}${shellWord(program)}`;
}

/** A folder and all above it. */
function folders(path: string): string[] {
  const folder = resolve(path);
  return dirname(folder) === folder ? [folder] : [folder, ...folders(dirname(folder))];
}

/** How a project's commands are run by the package manager that runs this one. */
function ofManager(agent = ""): string {
  if (agent.startsWith("pnpm")) return "pnpm exec unlabel";
  return agent.startsWith("yarn") ? "yarn unlabel" : "npx unlabel";
}
