// All keys, as they are where somebody asks.
import { Dialog } from "../parts/dialog.tsx";
import { knownKeys } from "./keys.tsx";

const NAMES: Readonly<Record<string, string>> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  " ": "space",
  Escape: "esc",
  Enter: "↵",
};

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div class="keys">
        {knownKeys().map(({ title, keys }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {Object.entries(keys).flatMap(([key, [words]]) =>
                words === ""
                  ? []
                  : [
                      <div key={key}>
                        <dt>
                          {(key === " " ? [key] : key.split(" ")).map((one) => (
                            <kbd key={one}>{NAMES[one] ?? one}</kbd>
                          ))}
                        </dt>
                        <dd>{words}</dd>
                      </div>,
                    ],
              )}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
