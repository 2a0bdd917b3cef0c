// The few system packages that a build needs: a C++ compiler, CMake, make, libjpeg-turbo's headers, and pip to download.
import { spawn } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { SetupError } from "./cache.mjs";
import { pythonWithPip } from "./install.mjs";
import { SETUP_COMMAND } from "./native.mjs";

/**
 * @typedef {{ what: string, there: () => boolean, apt: string[], dnf: string[], brew: string[] }} Need
 * @typedef {"compiler" | "cmake" | "make" | "jpeg" | "pip" | "chromium"} NeedName
 */

/** @param {string[]} names */
const onPath = (...names) =>
  names.some((name) => (process.env.PATH ?? "").split(delimiter).some((folder) => executable(join(folder, name))));

/** @param {string} path */
function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const JPEG_FOLDERS = [
  "/usr/include",
  "/usr/local/include",
  "/opt/homebrew/opt/jpeg-turbo/include",
  "/usr/local/opt/jpeg-turbo/include",
];

/** @type {Record<NeedName, Need>} */
export const NEEDS = {
  compiler: {
    what: "a C++ compiler",
    there: () => onPath("c++", "g++", "clang++"),
    apt: ["g++"],
    dnf: ["gcc-c++"],
    brew: [],
  },
  cmake: { what: "CMake", there: () => onPath("cmake"), apt: ["cmake"], dnf: ["cmake"], brew: ["cmake"] },
  make: { what: "make", there: () => onPath("make", "gmake"), apt: ["make"], dnf: ["make"], brew: [] },
  jpeg: {
    what: "libjpeg-turbo's headers",
    there: () => JPEG_FOLDERS.some((folder) => existsSync(join(folder, "jpeglib.h"))),
    // On Debian and on Ubuntu this name stands for libjpeg-turbo's.
    apt: ["libjpeg-dev"],
    dnf: ["libjpeg-turbo-devel"],
    brew: ["jpeg-turbo"],
  },
  pip: {
    what: "python3 with pip",
    there: () => pythonWithPip() !== null,
    apt: ["python3-pip"],
    dnf: ["python3-pip"],
    brew: ["python"],
  },
  chromium: {
    what: "Chromium",
    // Where the page tests look for it.
    there: () => existsSync("/usr/bin/chromium"),
    apt: ["chromium", "fonts-dejavu-core"],
    dnf: ["chromium"],
    brew: ["--cask chromium"],
  },
};

/**
 * Installs what is missing of `names` where Debian's or Ubuntu's apt is at hand, as root or through sudo; elsewhere it
 * says what to install.
 * @param {NeedName[]} names
 * @returns {Promise<import("./steps.mjs").Outcome>}
 * @throws {SetupError} with the one command that installs what is missing
 */
export async function systemPackages(names) {
  const missing = names.map((name) => NEEDS[name]).filter((need) => !need.there());
  const whats = names.map((name) => NEEDS[name].what).join(", ");
  if (missing.length === 0) return { did: false, text: `System packages (${whats})` };
  const found = missing.map(({ what }) => what).join(", ");
  if (!onPath("apt-get"))
    throw new SetupError(
      `Expected ${found} on this machine, found none; run \`${howToInstall(missing)}\`, then \`${SETUP_COMMAND}\`.`,
    );

  const packages = missing.flatMap(({ apt }) => apt);
  const root = process.getuid?.() === 0;
  const sudo = root ? [] : ["sudo"];
  // Another installation, as a new machine's own at its first start, is waited for.
  const waits = ["-o", `DPkg::Lock::Timeout=${LOCKED_SECONDS}`];
  const command = [...sudo, "apt-get", ...waits, "install", "-y", "--no-install-recommends", ...packages];
  const plain = command.filter((word) => !waits.includes(word)).join(" ");
  const mend = `${root ? "" : "sudo "}apt-get update && ${plain}`;
  if (!root && !onPath("sudo"))
    throw new SetupError(
      `Expected ${found} on this machine, found none, and neither root nor sudo to install them; run \`${mend}\` as root, then \`${SETUP_COMMAND}\`.`,
    );
  let result = await apt(command);
  if (result.code !== 0) {
    // A fresh machine has no package lists yet, and old ones name files that are gone.
    const update = await updated([...sudo, "apt-get", "update"]);
    if (update.code === 0) result = await apt(command);
    else result = update;
  }
  const absent = missing.filter((need) => !need.there());
  if (result.code !== 0 || absent.length > 0)
    throw new SetupError(
      `Expected apt-get to install ${packages.join(", ")}, but ${diagnoseApt(result.output)}; run \`${mend}\`, then \`${SETUP_COMMAND}\`.`,
    );
  return { did: true, text: `System packages (installed ${packages.join(", ")})` };
}

/** How long another installation may take. */
const LOCKED_SECONDS = 600;

/**
 * Asks for package lists; where another process is at them, which apt's own option does not wait for, again until it is done.
 * @param {string[]} command
 */
async function updated(command) {
  for (const began = Date.now(); ; ) {
    const result = await apt(command);
    const isLocked = result.code !== 0 && /Could not get lock|Unable to lock/.test(result.output);
    if (!isLocked || Date.now() - began > 1000 * LOCKED_SECONDS) return result;
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

/** @param {Need[]} missing */
function howToInstall(missing) {
  if (onPath("dnf")) return `sudo dnf install ${missing.flatMap(({ dnf }) => dnf).join(" ")}`;
  if (process.platform !== "darwin") return `your package manager for ${missing.map(({ what }) => what).join(", ")}`;
  const brew = missing.flatMap(({ brew }) => brew);
  const commands = [
    ...(missing.some((need) => need.brew.length === 0) ? ["xcode-select --install"] : []),
    ...(brew.length > 0 ? [`brew install ${brew.join(" ")}`] : []),
  ];
  return commands.join(" && ");
}

/** @param {string} output */
function diagnoseApt(output) {
  const last = output
    .split("\n")
    .filter((line) => /^E: |sudo:/.test(line))
    .at(-1)
    ?.replace(/^E: /, "");
  if (
    /Temporary failure resolving|Could not resolve|Could not connect|Unable to connect|Connection (failed|timed out|refused)/.test(
      output,
    )
  )
    return `Debian's package archive does not answer (${last})`;
  if (/not enough free space|No space left/.test(output)) return "the disk is full";
  if (/Permission denied|are you root|sudo:/.test(output)) return `it has no permission (${last})`;
  return `it said: ${last ?? output.trim().split("\n").at(-1)}`;
}

/**
 * @param {string[]} command
 * @returns {Promise<{ code: number | null, output: string }>}
 */
function apt([file = "", ...args]) {
  return new Promise((resolve) => {
    // sudo asks for a password on the terminal itself; apt must ask for nothing.
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const child = spawn(file, file === "sudo" ? ["DEBIAN_FRONTEND=noninteractive", ...args] : args, {
      env,
      stdio: [process.stdin.isTTY ? "inherit" : "ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => resolve({ code: 1, output: `E: ${error.message}` }));
    child.on("close", (code) => resolve({ code, output }));
  });
}
