// The pages of the reference that TypeDoc does not write: the index of all exports, and the list of operators.
import type { ProjectReflection, Reflection } from "typedoc";
import { PAGES } from "./pages.ts";
import type { Operator } from "./program.ts";

/** The index: each page with what it describes, in order, as links. */
export function indexPage(project: ProjectReflection, places: ReadonlyMap<Reflection, string>): string {
  const section = (page: (typeof PAGES)[number]) => {
    const exported = project.children?.find(({ name }) => name === page.name)?.children ?? [];
    const links = exported.map((one) => `[\`${one.name}\`](${places.get(one)})`);
    return `### [${page.name}](${page.name}.md)\n\n${page.about}\n\n${links.join(" · ")}\n`;
  };
  const library = PAGES.filter(({ name }) => name.startsWith("unlabel/"));
  const engine = PAGES.filter(({ name }) => !name.startsWith("unlabel/"));
  return `# Reference

Written by \`npm run docs\` from the comments in the sources. How to begin is in the packages' own pages:
[unlabel](../../packages/unlabel/README.md) and [@unlabel/torch](../../packages/torch/README.md).

## unlabel

${library.map(section).join("\n")}
## @unlabel/torch

${engine.map(section).join("\n")}
### [torch/operators](torch/operators.md)

LibTorch's operators with typed signatures.
`;
}

/** All operators with typed signatures, a line each. */
export function operatorsPage(operators: readonly Operator[]): string {
  const list = (method: boolean) =>
    operators
      .filter((one) => one.method === method)
      .map(({ signature, schema }) => `- \`${signature}\`\\\n  ${schema}`)
      .join("\n");
  return `# torch/operators

LibTorch's operators with typed signatures, and the schema of each; what they compute is in
[PyTorch's documentation](https://pytorch.org/docs/stable/torch.html) under the schema's name. Any other is called by its name:
[\`call\`](../torch.md#call).

## Methods of Tensor

${list(true)}

## Functions

${list(false)}
`;
}
