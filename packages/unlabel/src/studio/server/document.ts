// The one document that all of the studio's addresses get: its script shows the page that the address names.
import { html } from "../../page/html.ts";

/** Two views of one image. */
const ICON = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="5.8" cy="8" r="4.8" fill="#0b6fb8"/><circle cx="10.2" cy="8" r="4.8" fill="#f0913e" fill-opacity=".85"/></svg>')}`;

/** The document. @param version of unlabel, which also tells one build's files from another's */
export function studioDocument(version: string): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>unlabel studio</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="/tokens.css">
<link rel="stylesheet" href="/studio.css">
<script type="module" src="/studio.js"></script>
</head>
<body data-version="${version}">
<div id="app"></div>
<noscript><p>This page needs JavaScript, which its own server sends.</p></noscript>
</body>
</html>
`.text;
}
