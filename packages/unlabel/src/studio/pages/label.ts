// The labelling page's script: shows what the server says, sends one answer at a time, and everything by one key. An answer is taken
// only once its image can be seen.
import type { LabelState, Row } from "../../label/state.ts";

const find = <T extends Element>(selector: string): T => {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(`Expected ${selector} on the page`);
  return found;
};

function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const picture = find<HTMLImageElement>("#picture");
const frame = find<HTMLElement>("#frame");
const caption = find<HTMLElement>("#caption");
const counts = find<HTMLElement>("#counts");
const progress = find<HTMLProgressElement>("#progress");
const classes = find<HTMLOListElement>("#classes");
const naming = find<HTMLFormElement>("#naming");
const nameField = find<HTMLInputElement>("#name");
const rows = find<HTMLElement>("#rows");
const verdict = find<HTMLElement>("#verdict");
const detail = find<HTMLElement>("#detail");
const live = find<HTMLElement>("#live");
const alertLine = find<HTMLElement>("#alert");
const undo = find<HTMLButtonElement>("#undo");
const skip = find<HTMLButtonElement>("#skip");
const fresh = find<HTMLButtonElement>("#new");
const finish = find<HTMLButtonElement>("#finish");

let state: LabelState | null = null;
/** The number of answers at which the picture on the screen was asked for; −1 while none can be seen. */
let shown = -1;
let busy = false;
let over = false;
const ahead = new Map<string, HTMLImageElement>();

/** From now on an answer is an answer to what is on the screen. */
function seen(at: number): void {
  shown = at;
  document.body.dataset.shown = String(at);
}

const isReady = () => !busy && !over && state !== null && shown === state.at;

async function ask(
  path: string,
  body?: object,
): Promise<{ status: number; found: LabelState | null; error: string | null }> {
  const options: RequestInit = body
    ? { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }
    : {};
  const response = await fetch(path, options);
  const answer = (await response.json()) as { state?: LabelState; error?: string };
  return { status: response.status, found: answer.state ?? null, error: answer.error ?? null };
}

/** Sends something, shows what came of it, and says so. */
async function send(path: string, body: object, words: (now: LabelState) => string): Promise<void> {
  if (busy || over) return;
  busy = true;
  try {
    const { status, found, error } = await ask(path, body);
    const isBehind = status === 409;
    if (error !== null) warn(error);
    else if (isBehind)
      warn(
        "That was not taken: labelling has gone on in another window. Here it is as it stands now; go on from here.",
      );
    else alertLine.textContent = "";
    if (found) {
      show(found);
      if (error === null && !isBehind) say(words(found));
    }
  } catch {
    warn("Nothing answers any more: unlabel label has ended. Every label is kept; the same command goes on.");
  } finally {
    busy = false;
  }
}

function warn(text: string): void {
  alertLine.textContent = text;
}

function say(text: string): void {
  live.textContent = text;
}

function answer(label: string | null): void {
  if (!isReady() || !state?.current) return;
  const words = (now: LabelState) =>
    `${label === null ? "Skipped" : label}. ${now.current ? `Image ${now.at + 1}.` : "All images are labelled."} ${now.verdict}`;
  void send("/api/answer", { at: state.at, image: state.current.image, label }, words);
}

function takeBack(): void {
  if (busy || over || !state || state.at === 0) return;
  void send("/api/undo", { at: state.at }, () => "Taken back.");
}

function show(now: LabelState): void {
  state = now;
  counts.textContent = now.counts;
  progress.max = now.images;
  progress.value = now.at;
  progress.setAttribute("aria-valuetext", now.counts);
  undo.disabled = now.at === 0;
  skip.disabled = fresh.disabled = now.current === null;
  showClasses(now);
  verdict.textContent = now.verdict;
  verdict.classList.toggle("settled", now.settled);
  detail.textContent = now.detail;
  showRows(now.rows);
  void showPicture(now);
}

async function showPicture(now: LabelState): Promise<void> {
  shown = -1;
  delete document.body.dataset.shown;
  if (!now.current) {
    frame.classList.add("done");
    picture.hidden = true;
    caption.textContent = "All images are labelled.";
    seen(now.at);
    return;
  }
  frame.classList.remove("done");
  const { url, name } = now.current;
  const loaded = ahead.get(url) ?? load(url);
  try {
    await loaded.decode();
  } catch {
    if (state !== now) return;
    frame.classList.add("broken");
    picture.hidden = true;
    caption.textContent = `${name} cannot be shown; skip it`;
    seen(now.at);
    return;
  }
  // Another answer was quicker.
  if (state !== now) return;
  frame.classList.remove("broken");
  picture.hidden = false;
  picture.src = loaded.src;
  picture.alt = `Image ${now.at + 1}, to be labelled`;
  picture.classList.toggle("small", Math.max(loaded.naturalWidth, loaded.naturalHeight) <= 128);
  caption.textContent = name;
  caption.title = name;
  seen(now.at);
  const wanted = new Set([url, ...now.upcoming]);
  for (const old of ahead.keys()) if (!wanted.has(old)) ahead.delete(old);
  for (const next of now.upcoming) load(next);
}

function load(url: string): HTMLImageElement {
  const known = ahead.get(url);
  if (known) return known;
  const image = new Image();
  image.decoding = "async";
  image.src = url;
  ahead.set(url, image);
  return image;
}

function showClasses(now: LabelState): void {
  const made = now.classes.map(({ name, key, images }) => {
    const button = element(
      "button",
      { type: "button", title: name },
      element("kbd", { textContent: key ?? "" }),
      element("span", { className: "name", textContent: name }),
      element("span", { className: "images", textContent: String(images) }),
    );
    button.disabled = now.current === null;
    if (key === null) button.classList.add("keyless");
    button.addEventListener("click", ({ detail }) => {
      answer(name);
      // By pointer: keys go on as before. By keyboard it is where the next answer is chosen from.
      if (detail > 0) button.blur();
    });
    // Held, it would answer for one image after the other.
    button.addEventListener("keydown", (event) => event.repeat && event.preventDefault());
    return element("li", {}, button);
  });
  const active = document.activeElement;
  const focused = active instanceof HTMLButtonElement && classes.contains(active) ? active.title : null;
  classes.replaceChildren(...made);
  if (focused !== null)
    [...classes.querySelectorAll("button")].find(({ title, disabled }) => title === focused && !disabled)?.focus();
  classes.hidden = made.length === 0;
  document.body.classList.toggle("no-classes", made.length === 0);
}

function showRows(found: readonly Row[]): void {
  const widest = Math.max(0, ...found.flatMap(({ low, high }) => [Math.abs(low), Math.abs(high)]));
  const domain = [0.1, 0.2, 0.5, 1].find((one) => widest <= one) ?? 1;
  const at = (value: number) => `${(50 + (50 * value) / domain).toFixed(2)}%`;
  // Rows stay, so that bars move instead of jumping.
  while (rows.children.length > found.length) rows.lastElementChild!.remove();
  while (rows.children.length < found.length) rows.append(makeRow());
  for (const [i, row] of found.entries()) {
    const own = rows.children[i] as HTMLElement;
    const part = (name: string) => own.querySelector<HTMLElement>(`.${name}`)!;
    part("left").textContent = row.left;
    part("right").textContent = row.right;
    part("bar").style.left = at(row.low);
    part("bar").style.right = `${(50 - (50 * row.high) / domain).toFixed(2)}%`;
    part("mean").style.left = at(row.mean);
    part("least").textContent = `−${100 * domain}`;
    part("most").textContent = `+${100 * domain} points`;
    own.classList.toggle("settled", row.low > 0 || row.high < 0);
    own.classList.toggle("leftwards", row.high < 0);
    part("track").setAttribute("aria-label", row.words);
  }
}

function makeRow(): HTMLElement {
  const track = element("div", { className: "track" });
  track.setAttribute("role", "img");
  for (const name of ["zero", "bar", "mean"]) track.append(element("span", { className: name }));
  const axis = element("div", { className: "axis" });
  axis.setAttribute("aria-hidden", "true");
  axis.append(
    element("span", { className: "least" }),
    element("span", { className: "middle", textContent: "0" }),
    element("span", { className: "most" }),
  );
  const names = element("div", { className: "names" });
  names.append(element("span", { className: "left" }), element("span", { className: "right" }));
  return element("div", { className: "row" }, names, track, axis);
}

function openNaming(): void {
  if (!isReady() || !state?.current) return;
  naming.hidden = false;
  fresh.hidden = true;
  nameField.value = "";
  nameField.focus();
}

function closeNaming(): void {
  naming.hidden = true;
  fresh.hidden = false;
  nameField.blur();
}

naming.addEventListener("submit", (event) => {
  event.preventDefault();
  const name = nameField.value.trim();
  if (name === "" || !isReady()) return;
  answer(name);
  closeNaming();
});
nameField.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeNaming();
  event.stopPropagation();
});
fresh.addEventListener("click", openNaming);
undo.addEventListener("click", takeBack);
skip.addEventListener("click", () => answer(null));
finish.addEventListener("click", () => void end());

async function end(): Promise<void> {
  if (busy || over || !state) return;
  busy = true;
  try {
    const { status, found, error } = await ask("/api/finish", { at: state.at });
    if (error !== null) {
      warn(error);
      return;
    }
    if (status === 409) {
      if (found) show(found);
      warn("Another page has gone on meanwhile: this is where it stands. Finish again to end there.");
      return;
    }
    over = true;
    document.body.classList.add("over");
    say("Finished.");
    find("#over").removeAttribute("hidden");
  } catch {
    warn("Nothing answers any more: unlabel label has ended. Every label is kept; the same command goes on.");
  } finally {
    busy = false;
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat || over) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  // On a button Enter and space are the button's.
  const isButton = event.target instanceof HTMLButtonElement;
  if (key === "u" || key === "Backspace") takeBack();
  else if (key === "s") answer(null);
  else if (key === "n" || (key === "Enter" && !isButton)) openNaming();
  else {
    const chosen = state?.classes.find((one) => one.key === key);
    if (!chosen) return;
    answer(chosen.name);
  }
  event.preventDefault();
});

try {
  const { found, error } = await ask("/api/state");
  if (found) {
    show(found);
    if (found.classes.length === 0 && found.current) {
      // Nothing to choose from yet: the first name is typed.
      const wait = setInterval(() => {
        if (!isReady()) return;
        clearInterval(wait);
        openNaming();
      }, 30);
    }
  } else warn(error ?? "Expected the state of the session, got nothing");
} catch {
  warn("Nothing answers any more: unlabel label has ended. Every label is kept; the same command goes on.");
}
