// Which files of a model's folder hold an encoder, and what lies beside them: only these are downloaded, and only by names that cannot
// lead anywhere else.

/** As timm and transformers name weights, in the order in which they are looked for. */
const STANDARD = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
];

/** What says how images are prepared, and under which licence weights are. */
export const BESIDE = ["config.json", "preprocessor_config.json", "README.md"] as const;

const MOST_SHARDS = 256;

/** A file of the folder itself, by a plain name. */
function isPlain(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/.test(name);
}

/**
 * The file of weights among a folder's.
 *
 * @returns its name, or all that could be it where that is not one: none, or several
 */
export function weightsAmong(names: readonly string[]): string | string[] {
  const standard = STANDARD.find((name) => names.includes(name));
  if (standard !== undefined) return standard;
  const others = names.filter((name) => isPlain(name) && /\.(safetensors|pth|pt|bin|ckpt)$/i.test(name));
  return others.length === 1 ? others[0]! : others;
}

/** The files that an index names, each once; null where it is none, or names what no such file is called. */
export function shardsOf(text: string): string[] | null {
  try {
    const { weight_map: map } = JSON.parse(text) as { weight_map?: unknown };
    if (typeof map !== "object" || map === null) return null;
    const names = [...new Set<unknown>(Object.values(map))];
    const plain = names.filter((name): name is string => typeof name === "string" && isPlain(name));
    return plain.length === names.length && plain.length > 0 && plain.length <= MOST_SHARDS ? plain : null;
  } catch {
    return null;
  }
}
