// What this runs on, and the one line that refuses everything else. A Node that is refused reads this file too, so it has
// no syntax and imports no module that Node 12 lacks.

/** The oldest Node that is supported, as `engines` of each package has it. */
export const OLDEST_NODE = "20.19";

/**
 * Whether `version` is at least `least`, comparing numbers (2.15 is newer than 2.6).
 * @param {string} version
 * @param {string} least
 */
export function atLeast(version, least) {
  const [a = 0, b = 0] = version.split(".").map(Number.parseFloat);
  const [c = 0, d = 0] = least.split(".").map(Number.parseFloat);
  return a > c || (a === c && b >= d);
}

/**
 * What keeps this from running here.
 * @param {{ node?: string, platform?: string }} [machine] Node's version and the platform, by default those of this process
 * @returns {string | null} one line, with what to do; null where nothing does
 */
export function unsupported({ node = process.versions.node, platform = process.platform } = {}) {
  if (platform === "win32")
    return "Expected Linux or macOS, got Windows; run this inside WSL2 (`wsl --install` sets it up), which is Linux.";
  if (!atLeast(node, OLDEST_NODE))
    return `Expected Node ${OLDEST_NODE} or newer, got ${node}; install a newer Node (https://nodejs.org), then run this again.`;
  return null;
}
