// Where the hub is, who asks, and where its files are kept: from the environment, by the names that the hub's own clients read.
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "../base/errors.ts";

/** How the hub is reached. */
export interface HubSettings {
  /** Its address, without a slash at the end. */
  endpoint: string;
  /** Of that address. */
  host: string;
  /** Of that address: protocol, host and port. */
  origin: string;
  /** Sent to that address alone; null for none. Never to be shown. */
  token: string | null;
  /** The folder that all of the hub's clients keep models in. */
  cache: string;
  /** Whether nothing may be asked of it. */
  offline: boolean;
  /** Milliseconds without a byte after which an answer is given up. */
  patience: number;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Longer than any token. */
const MOST_TOKEN = 4096;

/** @throws {UserError} for a variable that cannot be meant, without showing a token */
export function hubSettings(env: Env = process.env): HubSettings {
  const home = folder(env.HF_HOME) ?? join(folder(env.XDG_CACHE_HOME) ?? join(homedir(), ".cache"), "huggingface");
  const seconds = Number(env.HF_HUB_DOWNLOAD_TIMEOUT ?? 30);
  return {
    ...endpointOf(env.HF_ENDPOINT?.trim() || "https://huggingface.co"),
    token: isOn(env.HF_HUB_DISABLE_IMPLICIT_TOKEN) ? null : tokenOf(env, home),
    cache: folder(env.HF_HUB_CACHE) ?? folder(env.HUGGINGFACE_HUB_CACHE) ?? join(home, "hub"),
    offline: isOn(env.HF_HUB_OFFLINE) || isOn(env.TRANSFORMERS_OFFLINE),
    patience: 1000 * (seconds > 0 && Number.isFinite(seconds) ? seconds : 30),
  };
}

function isOn(value: string | undefined): boolean {
  return ["1", "on", "yes", "true"].includes((value ?? "").trim().toLowerCase());
}

/** A shell leaves `~` where it stands behind a sign of equality. */
function folder(value: string | undefined): string | null {
  const text = value?.trim() ?? "";
  if (text === "") return null;
  return text === "~" || text.startsWith("~/") ? join(homedir(), text.slice(1)) : text;
}

function endpointOf(text: string): Pick<HubSettings, "endpoint" | "host" | "origin"> {
  const url = URL.canParse(text) ? new URL(text) : null;
  const what = "Expected HF_ENDPOINT to be the address of a hub, as in https://huggingface.co";
  if (!url || !["http:", "https:"].includes(url.protocol)) throw new UserError(`${what}, got something else`);
  if (url.username || url.password)
    throw new UserError(`${what}, got one with a user or password in it; put a token in HF_TOKEN`);
  const { origin, host, pathname } = url;
  return { endpoint: `${origin}${pathname.replace(/\/+$/, "")}`, host, origin };
}

function tokenOf(env: Env, home: string): string | null {
  for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
    const token = env[name]?.trim();
    if (token) return sendable(token, name);
  }
  const file = folder(env.HF_TOKEN_PATH) ?? join(home, "token");
  try {
    if (!existsSync(file) || !statSync(file).isFile() || statSync(file).size > MOST_TOKEN) return null;
    const token = readFileSync(file, "utf8").trim();
    return token === "" ? null : sendable(token, file);
  } catch {
    // As the hub's own clients have it: a token that cannot be read is none.
    return null;
  }
}

/** A header that cannot be sent would be told of with its content. */
function sendable(token: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(token) && token.length <= MOST_TOKEN) return token;
  throw new UserError(`Expected a token in ${where}, got something with spaces or other characters that no token has`);
}
