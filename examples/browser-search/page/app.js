// The page: a picture in by drop, choice, paste or click; the nearest out.
import { loadSearch } from "./search.js";

const SHOWN = 12;
const [drop, file, query, status, heading, results, facts] = [
  ...["drop", "file", "query", "status", "heading", "results", "facts"],
].map((id) => document.getElementById(id));
const count = (n) => n.toLocaleString("en");

let search;
/** Only the newest picture's answer is shown. */
let asked = 0;
let shownUrl;

function say(text, wrong = false) {
  status.textContent = text;
  status.classList.toggle("wrong", wrong);
}

function card({ at, name, similarity }) {
  const button = document.createElement("button");
  const picture = Object.assign(new Image(256, 256), { src: `thumbnails/${at}.webp`, alt: name, loading: "lazy" });
  button.append(picture, text("name", `\u2068${name}\u2069`));
  if (similarity !== undefined) {
    const score = text("score", similarity.toFixed(3));
    score.style.setProperty("--similarity", Math.max(0, similarity));
    button.append(score);
  }
  button.title = name;
  button.addEventListener("click", () => like(at));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

function text(kind, words) {
  return Object.assign(document.createElement("span"), { className: kind, textContent: words });
}

function show(found, words) {
  heading.textContent = words;
  results.replaceChildren(...found.map(card));
}

function picture(url) {
  if (shownUrl?.startsWith("blob:")) URL.revokeObjectURL(shownUrl);
  shownUrl = url;
  query.src = url;
  query.hidden = false;
}

/** By a picture of the index, whose features are known. */
function like(at) {
  asked++;
  picture(`thumbnails/${at}.webp`);
  const others = search.nearest(search.row(at), SHOWN + 1).filter((one) => one.at !== at);
  show(others.slice(0, SHOWN), `Most like ${search.index.names[at]}`);
  say("");
  drop.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

async function searchBy(blob) {
  if (!search || !blob) return;
  const mine = ++asked;
  say("Looking …");
  // So that it is painted before the work begins.
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const began = performance.now();
  try {
    const features = await search.featuresOf(blob);
    if (mine !== asked) return;
    picture(URL.createObjectURL(blob));
    show(search.nearest(features, SHOWN), "Most alike");
    say(
      `Encoded on this device in ${Math.round(performance.now() - began)} ms, and compared with ${count(search.index.names.length)} pictures`,
    );
  } catch {
    if (mine !== asked) return;
    say(`${blob.name ?? "That"} is no picture that this browser reads`, true);
  }
}

file.addEventListener("change", () => {
  searchBy(file.files[0]);
  // The same one again is a change, too.
  file.value = "";
});
addEventListener("paste", (event) => searchBy([...event.clipboardData.files][0]));
for (const kind of ["dragenter", "dragover"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    if (kind === "dragleave" && event.relatedTarget) return;
    drop.classList.remove("over");
  });
}
addEventListener("drop", (event) => {
  event.preventDefault();
  const [dropped] = event.dataTransfer.files;
  if (dropped) searchBy(dropped);
  else say("That was no file: save the picture first, or copy and paste it", true);
});

try {
  search = await loadSearch();
  const { index } = search;
  file.disabled = false;
  say("Ready");
  // Spread over the index, which is in the order of its folders.
  const step = Math.max(1, Math.floor(index.names.length / SHOWN));
  const some = index.names.map((name, at) => ({ name, at })).filter((_, i) => i % step === 0);
  show(some.slice(0, SHOWN), "Or begin with one of these");
  facts.textContent = `${count(index.names.length)} pictures, ${count(index.dim)} numbers each, by a ${index.architecture} trained by ${index.method} without labels; licence of the encoder: ${index.license}.`;
} catch (error) {
  say(`The search could not be loaded: ${error.message}. It has to come from a web server, not from a file.`, true);
}
