// The images chosen on a map: a sheet of them, and a list for other programs.
import { useEffect, useState } from "preact/hooks";
import { say } from "../app/announce.tsx";
import { Link } from "../app/link.tsx";
import { Problem } from "../parts/empty.tsx";
import { ImageSheet } from "../parts/image-sheet.tsx";
import { namesOf } from "./thumbnails.ts";

interface Props {
  run: string;
  images: readonly number[];
  onClear: () => void;
}

/** Images that are shown; the list has all. */
const MOST = 300;

export function Selection({ run, images, onClear }: Props) {
  const [problem, setProblem] = useState<string | null>(null);
  const [names, setNames] = useState<readonly { path: string; class: string | null }[]>([]);
  const shown = images.slice(0, MOST);
  const key = shown.join();
  useEffect(() => {
    let isOver = false;
    namesOf(run, shown).then(
      (found) => !isOver && setNames(found),
      (error: unknown) => !isOver && setProblem(error instanceof Error ? error.message : String(error)),
    );
    return () => {
      isOver = true;
    };
  }, [run, key]);
  const save = async () => {
    try {
      const all = await namesOf(run, images);
      const rows = [["path", "split", "class"], ...all.map((one) => [one.path, one.split, one.class ?? ""])];
      download("images.csv", `${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`);
      say(`A list of ${all.length} images is saved`);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <section class="selection" aria-label="Chosen images">
      <header>
        <h2>
          {images.length.toLocaleString("en-US")} chosen
          {images.length > MOST && <small class="soft"> the first {MOST} are shown</small>}
        </h2>
        <button type="button" class="plain" onClick={() => void save()}>
          Save as a list
        </button>
        {images.length === 1 && (
          <Link class="button" href={`/search?runs=${run}&image=${images[0]}`}>
            Find its like
          </Link>
        )}
        <button type="button" class="quiet" onClick={onClear}>
          Choose none
        </button>
      </header>
      <Problem text={problem} />
      <ImageSheet
        label="Chosen images"
        address={(some, edge) => `/api/images/${run}/sheet?edge=${edge}&images=${some.join(",")}`}
        images={shown.map((image, i) => ({
          image,
          what: names[i]?.path ?? `image ${image + 1}`,
          under: names[i]?.class ?? "",
        }))}
        href={(image) => `/api/images/${run}/picture/${image}`}
      />
    </section>
  );
}

/** A field of CSV. What a spreadsheet would take for a formula is kept from being one. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function download(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
