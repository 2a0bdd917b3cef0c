// A part of a page under a heading of its own.
import type { ComponentChildren } from "preact";
import "./section.css";

interface Props {
  id: string;
  title: string;
  /** Beside the heading. */
  aside?: ComponentChildren;
  children: ComponentChildren;
}

export function Section({ id, title, aside, children }: Props) {
  return (
    <section class="section" aria-labelledby={`${id}-title`} id={id}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
