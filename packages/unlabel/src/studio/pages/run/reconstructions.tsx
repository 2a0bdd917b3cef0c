// What a masked method made of hidden patches when it last drew any.
import type { RunDetail } from "../../messages/runs.ts";
import { Section } from "../parts/section.tsx";

const KINDS = [
  ["original", "as it is"],
  ["masked", "what it saw"],
  ["reconstructed", "what it made of that"],
] as const;

export function Reconstructions({ run }: { run: RunDetail }) {
  const { pictures, row } = run;
  if (pictures === null || pictures.items.length === 0) return null;
  return (
    <Section id="reconstructions" title="Reconstructions">
      <ul class="triplets">
        {pictures.items.map((item, i) => (
          <li key={item.original}>
            {KINDS.map(([kind, words]) => (
              <figure key={kind}>
                <img
                  src={`/api/run/${row.id}/file/pictures/${encodeURIComponent(item[kind])}`}
                  width={pictures.size}
                  height={pictures.size}
                  loading="lazy"
                  alt={`${i + 1}, ${words}`}
                />
                {i === 0 && <figcaption>{words}</figcaption>}
              </figure>
            ))}
          </li>
        ))}
      </ul>
    </Section>
  );
}
