// A command line to be copied.
import { useState } from "preact/hooks";
import { say } from "../app/announce.tsx";
import "./command.css";

export function Command({ line, what }: { line: string; what?: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(line);
      say("Copied");
      setCopied(true);
      setTimeout(() => setCopied(false), 1_500);
    } catch {
      say("The browser does not let this page copy; the line can be selected");
    }
  };
  return (
    <div class="command">
      {what !== undefined && <span class="what">{what}</span>}
      <code>{line}</code>
      <button type="button" class="quiet" onClick={() => void copy()} aria-label={`Copy: ${line}`}>
        {isCopied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}
