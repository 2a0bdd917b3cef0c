// The flag by which a command is asked for a page, the same in all: -o, --output. Those that had --html keep it.
import { type Command, Option } from "commander";
import { UsageError } from "../base/errors.ts";
import { named } from "./settings.ts";

/** What commander makes of the flags. */
export interface PageOptions {
  output?: string;
  html?: string;
}

/** Adds the flag, and its older name, which help leaves out. */
export function addPage(command: Command, description: string): Command {
  return command
    .option("-o, --output <file>", description, named)
    .addOption(new Option("--html <file>", "the same").argParser(named).hideHelp());
}

/**
 * The page's file, checked before the work that it is for; undefined where none is asked for.
 *
 * @throws {UsageError} where it is named twice, or something else has that name
 */
export async function pageGiven({ output, html }: PageOptions): Promise<string | undefined> {
  if (output !== undefined && html !== undefined)
    throw new UsageError(`Expected one page, got -o ${output} and --html ${html}; leave one out`);
  const file = output ?? html;
  if (file === undefined) return undefined;
  const { pageFile } = await import("../page/page-file.ts");
  return pageFile(html === undefined ? "-o" : "--html", file);
}
