// Which layer of an encoder each parameter is of, from the images up: what a learning rate by layer goes by.

/** How deep parameters lie. */
export interface Layers {
  /** Layers in all: what comes before the blocks, each block or stage, and the last norm where there is one. */
  count: number;
  /** By parameter name, from 0: the layer next to the images. */
  of: ReadonlyMap<string, number>;
}

/** A ViT's blocks, a ResNet's stages, a ConvNeXt's. */
const BLOCK = /^(?:blocks\.|layer(?=[1-4]\.)|stages\.)(\d+)\./;
const LAST = /^(?:norm|fc_norm|head\.norm|head_norm)\./;

/** @param names of an encoder's parameters, as its state dict has them */
export function layersOf(names: Iterable<string>): Layers {
  const found = [...names].map((name) => {
    const block = BLOCK.exec(name)?.[1];
    return { name, block: block === undefined ? null : Number(block), isLast: LAST.test(name) };
  });
  const blocks = found.flatMap(({ block }) => block ?? []);
  // A ResNet counts its stages from 1.
  const first = Math.min(...blocks, Number.POSITIVE_INFINITY);
  const last = blocks.length === 0 ? 0 : Math.max(...blocks) - first + 1;
  const of = new Map(
    found.map(({ name, block, isLast }) => [name, block !== null ? block - first + 1 : isLast ? last + 1 : 0] as const),
  );
  return { count: Math.max(0, ...of.values()) + 1, of };
}
