// Writes typed signatures for the operators in packages/torch/src/ops.list.ts, from the schemas of the linked LibTorch: Tensor's
// methods into methods.generated.ts, functions into ops.generated.ts. `--check` only says whether they are as they would be written.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { native, type Schema, type SchemaArgument } from "../packages/torch/src/native.ts";
import { operators } from "../packages/torch/src/ops.list.ts";

const folder = fileURLToPath(new URL("../packages/torch/src/", import.meta.url));

// Arguments that have no use here: generators are the device's own, layouts are strided.
const leftOut = new Set(["generator", "layout"]);
const reserved = new Set(["default", "in", "function", "var", "new", "delete", "this", "with", "else", "if"]);

const camel = (name: string) => name.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const safe = (name: string) => (reserved.has(camel(name)) ? `${camel(name)}_` : camel(name));

const bases: Record<string, string> = {
  Tensor: "Tensor",
  Scalar: "Scalar",
  int: "number",
  SymInt: "number",
  float: "number",
  bool: "boolean",
  str: "string",
  ScalarType: "DType",
  Device: "Device",
  MemoryFormat: "MemoryFormat",
  Layout: '"strided"',
};

/** The TypeScript type of a schema type such as `Tensor?[]`, `SymInt[]?`, `Scalar`. */
function typescript(type: string, broadcast?: number): string {
  const match = /^(\w+)(\?)?(\[\])?(\?)?$/.exec(type);
  const base = match && bases[match[1]!];
  if (!match || !base) throw new Error(`no TypeScript type for ${type}`);
  const [, , firstOptional, list, lastOptional] = match;
  let out = base;
  if (list) {
    out = `readonly ${firstOptional ? `(${base} | null)` : base}[]`;
    if (broadcast) out = `number | ${out}`;
  }
  return lastOptional || (!list && firstOptional) ? `${out} | null` : out;
}

const optional = (type: string) => type.endsWith("?");

interface Form {
  name: string;
  schema: Schema;
}

function parameter(forms: Form[], i: number): { type: string; pickByTensor: boolean } {
  const types = forms.map(({ schema }) => typescript(schema.args[i]!.type, schema.args[i]!.broadcast));
  const distinct = [...new Set(types)];
  return { type: distinct.join(" | "), pickByTensor: distinct.length > 1 };
}

/** Default of a positional argument, or undefined where it must be given. */
function fallback(args: SchemaArgument[], i: number): string | undefined {
  const arg = args[i]!;
  if (arg.default !== undefined) return JSON.stringify(arg.default);
  if (!optional(arg.type)) return undefined;
  // A `T?` that its schema gives no default may be left out where nothing after it must be given.
  const rest = arg.keyword ? [] : args.slice(i).filter((a) => !a.keyword);
  return rest.every((a) => a.default !== undefined || optional(a.type)) ? "null" : undefined;
}

function returnType({ returns }: Schema): string {
  const types = returns.map(({ type }) => (type === "Scalar" ? "Scalar" : typescript(type).replace("readonly ", "")));
  if (types.length === 0) return "void";
  return types.length === 1 ? types[0]! : `[${types.join(", ")}]`;
}

function generate(entry: string): { method: boolean; name: string; code: string } {
  const [names, alias] = entry.split(" as ") as [string, string | undefined];
  const forms = names.split("|").map((listed) => {
    const name = listed.includes("::") ? listed : `aten::${listed}`;
    return { name, schema: native.op(name) };
  });
  const { name: first, schema } = forms[0]!;
  const { args } = schema;
  const name = alias ?? camel(first.replace(/^\w+::/, "").split(".")[0]!);
  const method = args[0]?.name === "self" && args[0].type === "Tensor";
  const inPlace = method && schema.returns.length === 1 && schema.returns[0]!.inPlace;

  const positional: string[] = [];
  const options: { pattern: string; type: string; required: boolean }[] = [];
  const passed: string[] = [];
  let pick: string | undefined;
  args.forEach((arg, i) => {
    if (leftOut.has(arg.name)) {
      passed.push("undefined");
      return;
    }
    if (method && i === 0) {
      passed.push("this");
      return;
    }
    const id = safe(arg.name);
    passed.push(id);
    const { type, pickByTensor } = parameter(forms, i);
    if (pickByTensor) pick = id;
    const value = fallback(args, i);
    if (arg.keyword) {
      const pattern = value === undefined ? id : `${id} = ${value}`;
      options.push({ pattern, type: `${id}${value === undefined ? "" : "?"}: ${type}`, required: value === undefined });
    } else {
      positional.push(value === undefined ? `${id}: ${type}` : `${id}: ${type} = ${value}`);
    }
  });
  while (passed.at(-1) === "undefined") passed.pop();
  if (options.length > 0) {
    const pattern = `{ ${options.map((o) => o.pattern).join(", ")} }`;
    const type = `{ ${options.map((o) => o.type).join("; ")} }`;
    positional.push(`${pattern}: ${type}${options.some((o) => o.required) ? "" : " = {}"}`);
  }
  const operator = forms.length === 1 ? JSON.stringify(first) : choice(forms, pick);
  const result = inPlace ? "this" : returnType(schema);
  const comment = `/** \`${forms.map((f) => f.schema.text).join("`, `")}\` */`;
  const head = `${name}(${positional.join(", ")}): ${result}`;
  const body = `${result === "void" ? "" : "return "}call<${result}>(${operator}, [${passed.join(", ")}]);`;
  return { method, name, code: `${comment}\n${method ? "" : "export function "}${head} {\n${body}\n}\n` };
}

function choice(forms: Form[], pick: string | undefined): string {
  if (forms.length !== 2 || !pick) throw new Error(`${forms[0]!.name}: two forms must differ in one argument`);
  return `isTensor(${pick}) ? ${JSON.stringify(forms[0]!.name)} : ${JSON.stringify(forms[1]!.name)}`;
}

const made = operators.map(generate);
const HEAD =
  "// Generated by `npm run gen` from the schemas of the linked LibTorch, for the names in ops.list.ts. Do not edit.";

const codeOf = (method: boolean) =>
  made
    .filter((m) => m.method === method)
    .map((m) => m.code)
    .join("\n");

function imported(names: readonly string[], file: string, code: string, type = ""): string {
  const used = names.filter((name) => new RegExp(`\\b${name}\\b`).test(code));
  return used.length > 0 ? `import ${type}{ ${used.join(", ")} } from "${file}";\n` : "";
}

function importsOf(code: string): string {
  const called = imported(["call", "isTensor"], "./call.ts", code);
  return called + imported(["Device", "DType", "MemoryFormat", "Scalar"], "./dtype.ts", code, "type ");
}

const [methods, functions] = [codeOf(true), codeOf(false)];
// Methods give tensors, and so name the class that is made of them: as a parameter, or the two files would import each other.
const files = {
  "methods.generated.ts": `${HEAD}
${importsOf(methods)}import { TensorHandle } from "./handle.ts";

/** The operators whose first argument is a tensor, as methods of the class that a tensor is. */
export abstract class TensorOps<Tensor> extends TensorHandle {
${methods}
}
`,
  "ops.generated.ts": `${HEAD}
${importsOf(functions)}import type { Tensor } from "./tensor.ts";

${functions}
`,
};

for (const [name, text] of Object.entries(files)) {
  const path = join(folder, name);
  const formatted = execFileSync("npx", ["biome", "check", "--write", "--stdin-file-path", path], {
    input: text,
    encoding: "utf8",
  });
  if (!process.argv.includes("--check")) {
    writeFileSync(path, formatted);
  } else if (!existsSync(path) || readFileSync(path, "utf8") !== formatted) {
    console.error(`packages/torch/src/${name} is not what \`npm run gen\` writes; run it and commit the result`);
    process.exitCode = 1;
  }
}
if (!process.argv.includes("--check")) {
  const { version } = native.describe();
  console.log(`${made.length} operators of LibTorch ${version} → packages/torch/src/{${Object.keys(files).join(",")}}`);
}
