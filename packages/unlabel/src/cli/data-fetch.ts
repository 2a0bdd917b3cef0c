// unlabel data fetch NAME: brings a known data set to this machine, checked and unpacked.
import type { Command } from "commander";
import { finish, paint } from "./output.ts";
import { named } from "./settings.ts";

interface Options {
  out: string;
  url?: string;
  json?: boolean;
}

export function addDataFetch(data: Command): void {
  data
    .command("fetch")
    .description("fetch a known data set: imagenette, cifar10, cifar100")
    .argument("<name>", "imagenette (160 px; imagenette2-320, imagenette2), cifar10 or cifar100")
    .option("--out <folder>", "where its folder is put", named, "data")
    .option("--url <address>", "another place that has the same archive", named)
    .action((name: string, _: Options, command: Command) => dataFetch(name, command.optsWithGlobals<Options>()));
}

async function dataFetch(name: string, { out, url, json }: Options): Promise<void> {
  const [{ archiveOf }, { fetchShown }, { commandLine, shellWord }] = await Promise.all([
    import("../data/fetch/catalog.ts"),
    import("./fetch-shown.ts"),
    import("../base/shell.ts"),
  ]);
  const known = archiveOf(name);
  const archive = { ...known, url: url ?? known.url };
  const { path, fetched } = await fetchShown(archive, out);
  const lines = [
    `${paint("green", "✓")} ${known.about}: ${paint("bold", path)}${fetched ? "" : " (was there already)"}`,
    `Next: ${commandLine("pretrain", shellWord(path), "--method", "simclr")}`,
  ];
  finish(json === true, { name: known.name, path, url: archive.url, md5: known.md5, fetched }, lines);
}
