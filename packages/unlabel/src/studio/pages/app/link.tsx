// A link to another page of the studio: a real one, which opens in a tab of its own where somebody asks for that.
import type { JSX } from "preact";
import { navigate } from "./address.ts";

type Props = JSX.IntrinsicElements["a"] & { href: string };

export function Link({ onClick, ...props }: Props) {
  return (
    // A click is what browsers make of Enter on a link, too.
    // biome-ignore lint/a11y/useKeyWithClickEvents: as above
    // biome-ignore lint/a11y/noStaticElementInteractions: as above
    <a
      {...props}
      // biome-ignore lint/a11y/useValidAnchor: it is one, and leads to its address wherever this does not run
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || event.button !== 0) return;
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        navigate(props.href);
      }}
    />
  );
}
