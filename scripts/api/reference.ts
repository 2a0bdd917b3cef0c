// TypeDoc's reading of the packages: Markdown for each page, and what lacks documentation.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  Application,
  type Comment,
  Converter,
  type DeclarationReflection,
  LogLevel,
  type ProjectReflection,
  type Reflection,
  ReflectionKind,
  type TypeDocOptions,
} from "typedoc";
import type { PluginOptions } from "typedoc-plugin-markdown";
import type { Entries } from "./program.ts";

/** What TypeDoc made of the packages. */
export interface Reference {
  project: ProjectReflection;
  /** Path below docs/api → text. */
  files: Map<string, string>;
  /** Where each export is described: `unlabel/data.md#loader`. */
  places: Map<Reflection, string>;
  /** Exports and members without documentation, as `page: Name` or `page: Name.member`. */
  missing: string[];
  /** What is documented with links that lead nowhere, and types of signatures that are not exported. */
  complaints: string[];
}

const options: TypeDocOptions & Partial<PluginOptions> = {
  plugin: [fileURLToPath(import.meta.resolve("typedoc-plugin-markdown"))],
  // What LibTorch's schemas give has a page of its own; what others wrote is described by them.
  excludeExternals: true,
  externalPattern: ["**/*.generated.ts", "**/node_modules/**"],
  excludePrivate: true,
  excludeProtected: true,
  excludeInternal: true,
  disableSources: true,
  disableGit: true,
  readme: "none",
  preservedTypeAnnotationTags: ["@throws"],
  sort: ["source-order"],
  logLevel: LogLevel.None,
  validation: {
    notExported: true,
    invalidLink: true,
    invalidPath: true,
    notDocumented: false,
    unusedMergeModuleWith: false,
  },
  outputFileStrategy: "modules",
  hidePageHeader: true,
  hideBreadcrumbs: true,
  // It counts names that make no heading, so that links to the third of a name would lead nowhere.
  useHTMLAnchors: true,
  useCodeBlocks: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  classPropertiesFormat: "table",
  typeAliasPropertiesFormat: "table",
  propertyMembersFormat: "table",
  typeDeclarationFormat: "table",
  enumMembersFormat: "table",
};

/**
 * Runs TypeDoc.
 *
 * @param unnamed by package, `FILE:NAME` of types that signatures name and that need not be exported
 */
export async function makeReference(
  { program, entries }: Entries,
  unnamed: Readonly<Record<string, readonly string[]>>,
): Promise<Reference> {
  const app = await Application.bootstrapWithPlugins(options);
  const own = new Set<Reflection>();
  const complaints = new Set<string>();
  app.logger.validationWarning = (message: string) => complaints.add(message);
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    // TypeDoc lends a class or interface the comment of its base, but a base says nothing of what is special here.
    for (const one of project.getReflectionsByKind(ReflectionKind.ClassOrInterface))
      if (commented(one.comment)) own.add(one);
    for (const parameter of project.getReflectionsByKind(ReflectionKind.Parameter))
      if (parameter.name === "__namedParameters") parameter.name = "options";
    for (const { comment } of Object.values(project.reflections)) nameErrors(comment);
  });
  const whenInherited = -50; // After bases are known, before groups are made.
  app.converter.on(
    Converter.EVENT_RESOLVE_END,
    ({ project }) => {
      // What a base has is described there, where the base itself is exported.
      for (const member of project.getReflectionsByKind(ReflectionKind.ClassMember | ReflectionKind.Constructor))
        if ((member as DeclarationReflection).inheritedFrom?.reflection) project.removeReflection(member);
    },
    whenInherited,
  );
  const project = app.converter.convert(
    entries.map(({ page, file }) => ({ displayName: page, program, sourceFile: file })),
  );
  // It looks at the types of one package alone.
  const { packageName } = project;
  for (const [name, types] of Object.entries(unnamed)) {
    app.options.setValue("intentionallyNotExported", [...types]);
    project.packageName = name;
    app.validate(project);
  }
  project.packageName = packageName;
  // Where things are is known only while pages are written.
  const places = new Map<Reflection, string>();
  app.renderer.postRenderAsyncJobs.push(async () => {
    for (const one of project.children?.flatMap(({ children }) => children ?? []) ?? [])
      places.set(one, app.renderer.router!.getFullUrl(one));
  });
  const folder = mkdtempSync(join(tmpdir(), "unlabel-api-"));
  try {
    await app.outputs.writeOutput({ name: "markdown", path: folder }, project);
    const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".md"));
    const files = new Map(paths.sort().map((path) => [path, readFileSync(join(folder, path), "utf8")]));
    return { project, files, places, missing: undocumented(project, own), complaints: [...complaints] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Puts what is thrown before when it is, as `@throws {UserError} where …` has it: pages show the text alone. */
function nameErrors(comment: Comment | undefined): void {
  for (const tag of comment?.getTags("@throws") ?? []) {
    const name = tag.typeAnnotation?.replace(/^\{(.*)\}$/, "$1");
    if (name) tag.content.unshift({ kind: "code", text: `\`${name}\`` }, { kind: "text", text: " " });
  }
}

const commented = (comment: Comment | undefined) =>
  (comment?.summary.length ?? 0) > 0 || comment?.hasModifier("@inheritDoc");

/**
 * The exports and members without documentation. Each export needs a sentence, and so does each
 * public method, property and accessor of an exported class, interface or object type. Constructors need none: the class has
 * one. Members that override others have theirs.
 */
function undocumented(project: ProjectReflection, own: ReadonlySet<Reflection>): string[] {
  const found: string[] = [];
  const visit = (one: DeclarationReflection, name: string, page: string) => {
    if (one.kindOf(ReflectionKind.Constructor) || one.overwrites || one.implementationOf) return;
    const signatures = [...(one.signatures ?? []), ...[one.getSignature ?? one.setSignature].flatMap((s) => s ?? [])];
    const type = one.type?.type === "reflection" ? one.type.declaration : undefined;
    const said = one.kindOf(ReflectionKind.ClassOrInterface)
      ? own.has(one)
      : [one, ...signatures, ...(type?.signatures ?? [])].some(({ comment }) => commented(comment));
    if (!said) found.push(`${page}: ${name}`);
    for (const member of one.children ?? []) visit(member, `${name}.${member.name}`, page);
  };
  for (const page of project.children ?? []) {
    for (const one of page.children ?? []) visit(one, one.name, page.name);
  }
  return found;
}
