// The program that TypeDoc reads: both packages' sources, and for each page of the reference a file that exports what belongs
// there. Those files exist in memory alone.
import { join, relative, sep } from "node:path";
import ts from "typescript";
import { PAGES, pageOf } from "./pages.ts";

/** A program and the entry file of each page. */
export interface Entries {
  program: ts.Program;
  entries: { page: string; file: ts.SourceFile }[];
}

/** A typed operator: its name, TypeScript's signature without the body, and LibTorch's schema. */
export interface Operator {
  name: string;
  method: boolean;
  signature: string;
  schema: string;
}

/** What `npm run gen` writes: the operators as methods and as functions. */
const OPERATORS = ["methods.generated.ts", "ops.generated.ts"];

/** Compiles texts in memory beside the files on disk. */
function compile(root: string, texts: ReadonlyMap<string, string>, rootNames: readonly string[], old?: ts.Program) {
  const torch = join(root, "packages/torch/src");
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      target: "es2023",
      lib: ["es2023", "esnext.disposable"],
      module: "nodenext",
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      types: ["node"],
      paths: {
        "@unlabel/torch": [join(torch, "index.ts")],
        "@unlabel/torch/safetensors": [join(torch, "safetensors-file.ts")],
      },
    },
    root,
  );
  const host = ts.createCompilerHost(options);
  const onDisk = { ...host };
  host.getSourceFile = (name, version, ...rest) => {
    const text = texts.get(name);
    return text === undefined
      ? onDisk.getSourceFile(name, version, ...rest)
      : ts.createSourceFile(name, text, version, true);
  };
  host.fileExists = (name) => texts.has(name) || onDisk.fileExists(name);
  host.readFile = (name) => texts.get(name) ?? onDisk.readFile(name);
  return ts.createProgram({ rootNames, options, host, ...(old && { oldProgram: old }) });
}

/** What a symbol stands for, through all re-exports. */
const meant = (checker: ts.TypeChecker, symbol: ts.Symbol) =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

/** The entry files of the pages, as texts: `export { … } from` the package's door, or all of a namespace's file. */
function entryTexts(root: string, program: ts.Program): Map<string, string> {
  const checker = program.getTypeChecker();
  const exportsOf = (file: string) =>
    checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!);
  const lines = new Map<string, string[]>();
  const add = (page: string, line: string) => lines.set(page, [...(lines.get(page) ?? []), line]);
  const namespaces = (page: string, file: string) => {
    for (const symbol of exportsOf(file)) {
      const declared = meant(checker, symbol).declarations![0]!;
      if (!ts.isSourceFile(declared)) add(page, `export { ${symbol.name} } from ${JSON.stringify(file)};`);
      else namespaces(`${page}/${symbol.name}`, declared.fileName);
    }
  };
  for (const library of ["unlabel", "torch"] as const) {
    const source = join(root, "packages", library, "src");
    const door = join(source, "index.ts");
    for (const symbol of exportsOf(door)) {
      const declared = meant(checker, symbol).declarations![0]!.getSourceFile();
      const file = relative(source, declared.fileName).split(sep).join("/");
      if (OPERATORS.includes(file)) continue;
      const page = pageOf(library, file);
      const whole = ts.isSourceFile(meant(checker, symbol).declarations![0]!);
      if (whole) namespaces(`${page}/${symbol.name}`, declared.fileName);
      else add(page, `export { ${symbol.name} } from ${JSON.stringify(door)};`);
    }
  }
  return new Map(
    PAGES.map(({ name, about }) => [name, `/**\n * ${about}\n * @module\n */\n${lines.get(name)?.join("\n") ?? ""}\n`]),
  );
}

/** Reads both packages below `root`. */
export function readPackages(root: string): Entries {
  const doors = ["unlabel", "torch"].map((name) => join(root, "packages", name, "src/index.ts"));
  const first = compile(root, new Map(), doors);
  const pathOf = (page: string) => join(root, "packages/unlabel/src", `${page.replaceAll("/", "--")}.page.ts`);
  const texts = entryTexts(root, first);
  const virtual = new Map([...texts].map(([page, text]) => [pathOf(page), text]));
  const program = compile(root, virtual, [...virtual.keys(), ...doors], first);
  return { program, entries: [...texts.keys()].map((page) => ({ page, file: program.getSourceFile(pathOf(page))! })) };
}

/** Reads texts, each as a page by its name; for tests. */
export function readTexts(root: string, pages: Readonly<Record<string, string>>): Entries {
  const paths = new Map(
    Object.entries(pages).map(([page, text]) => [join(root, `packages/unlabel/src/${page}.page.ts`), text]),
  );
  const program = compile(root, paths, [...paths.keys()]);
  const names = Object.keys(pages);
  return {
    program,
    entries: [...paths.keys()].map((path, i) => ({ page: names[i]!, file: program.getSourceFile(path)! })),
  };
}

/** The operators with typed signatures, from the files that `npm run gen` writes. */
export function readOperators(program: ts.Program): Operator[] {
  return OPERATORS.flatMap((name) =>
    operatorsOf(program.getSourceFiles().find(({ fileName }) => fileName.endsWith(`/${name}`))!),
  );
}

function operatorsOf(file: ts.SourceFile): Operator[] {
  const found: Operator[] = [];
  const visit = (node: ts.Node) => {
    if (ts.isClassDeclaration(node)) node.forEachChild(visit);
    if (!(ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) || !node.name || !node.body) return;
    const [comment] = ts.getJSDocCommentsAndTags(node);
    const head = file.text.slice(node.name.getStart(file), node.body.getStart(file));
    found.push({
      name: node.name.getText(file),
      method: ts.isMethodDeclaration(node),
      signature: head.replace(/\s+/g, " ").trim(),
      schema: comment && typeof comment.comment === "string" ? comment.comment : "",
    });
  };
  file.forEachChild(visit);
  return found;
}
