// A run's name, which may be anything: cut where there is no room, whole in the tooltip, and never taken for writing of ours.
import { Link } from "../app/link.tsx";
import { colorToken } from "../app/theme.ts";
import "./run-name.css";

interface Props {
  name: string;
  /** Where it leads; plain text where absent. */
  href?: string;
  /** Its colour among several. */
  color?: number;
}

export function RunName({ name, href, color }: Props) {
  const text = <bdi>{name}</bdi>;
  return (
    <span class="run-name" title={name}>
      {color !== undefined && <span class="dot" style={{ "--color": `var(${colorToken(color)})` }} />}
      {href === undefined ? text : <Link href={href}>{text}</Link>}
    </span>
  );
}
