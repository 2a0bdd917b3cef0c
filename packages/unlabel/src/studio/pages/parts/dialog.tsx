// A dialog over the page, the browser's own: it keeps the focus, Escape closes it.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: Props) {
  const own = useRef<HTMLDialogElement>(null);
  // Before it is painted: a key that is pressed at once is the dialog's already.
  useLayoutEffect(() => {
    const before = document.activeElement;
    own.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard has Escape and the button; this is for the place beside it
    <dialog
      ref={own}
      aria-label={title}
      onClose={onClose}
      onClick={({ target }) => {
        if (target === own.current) own.current?.close();
      }}
    >
      <div class="dialog">
        <header>
          <h2>{title}</h2>
          <button type="button" class="quiet" onClick={() => own.current?.close()}>
            Close
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
