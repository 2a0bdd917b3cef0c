// The labelling page without its state, which the script asks for: nothing in it comes from anywhere else.
import { html } from "../../page/html.ts";

/** The page. @param data what is labelled, as it was given @param two whether runs are compared */
export function labelPage(data: string, compares: boolean): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Label ${data}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/label.css">
<script type="module" src="/label.js"></script>
</head>
<body class="no-classes">
<header>
<p class="brand">unlabel</p>
<p class="data" title="${data}">${data}</p>
<p id="counts"></p>
</header>
<progress id="progress" max="1" value="0" aria-label="Labelled"></progress>
<main>
<figure id="frame">
<div class="stage"><img id="picture" alt="" hidden></div>
<figcaption id="caption"></figcaption>
</figure>
<div class="panel">
<section class="answers" aria-labelledby="what">
<h2 id="what">What is it?</h2>
<ol id="classes" hidden></ol>
<button id="new" type="button"><kbd>n</kbd><span class="name">New class</span></button>
<form id="naming" hidden>
<label for="name">Name of the class that this image shows</label>
<div class="field"><input id="name" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="80" enterkeyhint="done"><button class="plain" type="submit">Add</button></div>
</form>
</section>
<div class="actions">
<button id="undo" class="plain" type="button"><kbd>u</kbd>Undo</button>
<button id="skip" class="plain" type="button"><kbd>s</kbd>Skip</button>
<button id="finish" class="plain" type="button">Finish</button>
</div>
<section class="standing" aria-labelledby="which">
<h2 id="which">${compares ? "Which run is better on these images" : "How well the run does"}</h2>
<p id="verdict"></p>
<div id="rows"></div>
<p id="detail"></p>
</section>
</div>
</main>
<div id="over" hidden><h1>Finished</h1><p>Every label is kept. You can close this page.</p></div>
<p id="live" role="status" aria-live="polite"></p>
<p id="alert" role="alert"></p>
<noscript><p>This page needs JavaScript, which its own server sends.</p></noscript>
</body>
</html>
`.text;
}
