// Methods of one's own on the command line: a module whose default export is a method, or a list of them. It runs as the program
// does, so its path is never taken from a run directory.
import { statSync } from "node:fs";
import * as nodeModule from "node:module";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../base/errors.ts";
import { defineMethod, type MethodDefinition } from "./define.ts";
import { addMethod } from "./registry.ts";

type Resolve = (name: string, context: object, next: (name: string, context: object) => Resolved) => Resolved;
type Resolved = { url: string; shortCircuit?: boolean };
/** Node's, from 22.15 on. */
type RegisterHooks = (hooks: { resolve: Resolve }) => unknown;

const loaded = new Map<string, string[]>();
let resolving = false;

/** The names of the methods that came from files. */
export function pluginMethods(): string[] {
  return [...loaded.values()].flat();
}

/** The files loaded so far, whole paths. */
export function loadedPlugins(): string[] {
  return [...loaded.keys()];
}

/**
 * Loads a module and adds the methods that it exports; a second time does nothing. Its `import … from "unlabel"` and
 * `"@unlabel/torch"` are this very library, wherever the file lies.
 *
 * @param file `.mjs` or `.js`, and `.ts` where Node runs it (from 22.18 on)
 * @returns the names of its methods
 * @throws {UserError} where it cannot be loaded, or exports no method
 */
export async function loadPlugin(file: string): Promise<string[]> {
  const path = resolve(file);
  const before = loaded.get(path);
  if (before) return before;
  const found = statSync(path, { throwIfNoEntry: false });
  if (file.trim() === "" || !found?.isFile()) {
    const got = file.trim() === "" ? "nothing" : `${file}, which is ${found ? "no file" : "not there"}`;
    throw new UserError(`Expected a file for --plugin, got ${got}`);
  }
  if (/^\.[cm]?tsx?$/.test(extname(path)) && !("typescript" in process.features && process.features.typescript)) {
    throw new UserError(
      `Expected JavaScript (.mjs) for --plugin, got ${file}: Node ${process.versions.node} runs no TypeScript; from 22.18 on it does`,
    );
  }
  resolveHere();
  const { default: exported } = (await importing(path, file)) as { default?: unknown };
  const given = Array.isArray(exported) ? exported : [exported];
  if (given.length === 0 || !given.every(isDefinition)) {
    throw new UserError(
      `Expected a method, or a list of them, as default export of ${file} (export default defineMethod({ … })), got ${exported === undefined ? "none" : typeof exported}`,
    );
  }
  const added: Disposable[] = [];
  try {
    for (const method of given) added.push(addMethod(defineMethod(method)));
  } catch (error) {
    // All of them or none.
    for (const one of added) one[Symbol.dispose]();
    throw error;
  }
  const names = given.map(({ about }) => about.name);
  loaded.set(path, names);
  return names;
}

async function importing(path: string, file: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    // Node tells the place of a fault of syntax in the first line of its stack alone.
    const [place = ""] = error instanceof SyntaxError ? (error.stack ?? "").split("\n") : [];
    const line = /:(\d+)$/.exec(place)?.[1];
    const words = error instanceof Error ? error.message.split("\n")[0] : String(error);
    const reason = line === undefined ? words : `${words} (line ${line})`;
    throw new UserError(`Expected ${file} to load as a module, got: ${reason}`, { cause: error });
  }
}

function isDefinition(value: unknown): value is MethodDefinition {
  if (typeof value !== "object" || value === null) return false;
  const { about, schema, views, create } = value as Partial<MethodDefinition>;
  const whole = typeof schema === "object" && typeof views === "function" && typeof create === "function";
  return whole && typeof about === "object" && typeof about.name === "string" && typeof about.presets === "object";
}

/** Makes the library's own names in plugins mean this library: a second copy would have other classes. */
function resolveHere(): void {
  if (resolving) return;
  resolving = true;
  const here = {
    unlabel: new URL(import.meta.url.endsWith(".ts") ? "../index.ts" : "../index.js", import.meta.url).href,
    "@unlabel/torch": import.meta.resolve("@unlabel/torch"),
  };
  const hook = `
    const here = ${JSON.stringify(here)};
    export const resolve = (name, context, next) =>
      Object.hasOwn(here, name) ? { url: here[name], shortCircuit: true } : next(name, context);`;
  const { registerHooks } = nodeModule as { registerHooks?: RegisterHooks };
  if (registerHooks) {
    const names = new Map(Object.entries(here));
    registerHooks({
      resolve(name, context, next) {
        const url = names.get(name);
        return url === undefined ? next(name, context) : { url, shortCircuit: true };
      },
    });
  } else {
    nodeModule.register(`data:text/javascript,${encodeURIComponent(hook)}`);
  }
}
