// What people call weights, by where they come from: "dinov2-small" of a folder, a file or a model of the hub.
import { basename, dirname, extname } from "node:path";
import { isHub } from "../hub/reference.ts";

/** Names that say nothing of what is in them. */
const PLAIN =
  /^(model|pytorch_model|weights|checkpoint|last|best|open_clip_pytorch_model|initial|encoder)(\.safetensors|\.bin)?(\.index)?$/i;

/** What people call the weights at a place: "dinov2-small". */
export function calledOf(source: string): string {
  if (isHub(source)) return source.slice(source.lastIndexOf("/") + 1).replace(/@.*$/, "");
  const own = basename(source, extname(source).length <= 12 ? extname(source) : "");
  return PLAIN.test(own) ? basename(dirname(source)) || own : own;
}
