// Words and numbers as people read them.
import { ARCHITECTURES, type EncoderName } from "../encoders/facts.ts";
import { abouts } from "../methods/abouts.ts";

export {
  count,
  duration,
  list,
  megabytes,
  millions,
  percent,
  plural,
  points,
  shorten,
  significant,
} from "./numbers.ts";

/** The field's spelling of a method or encoder; unknown names stay as they are. */
export function spelled(name: string): string {
  const encoder = Object.hasOwn(ARCHITECTURES, name) ? ARCHITECTURES[name as EncoderName] : undefined;
  return abouts().find((about) => about.name === name)?.title ?? encoder?.title ?? name;
}
