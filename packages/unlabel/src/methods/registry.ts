// The methods there are by name: those of list.ts, and those that a program or a plugin adds. Configs are resolved, and methods
// created, by what they say.
import { UsageError } from "../base/errors.ts";
import { kept } from "../base/kept.ts";
import { counted } from "../base/text.ts";
import { withoutImages } from "../config/channels.ts";
import type { Config } from "../config/common.ts";
import { edgeAt, sizesOf } from "../config/growth.ts";
import { type Configurable, isSettingOf, refuseContradictions, resolveWith, type Sources } from "../config/resolve.ts";
import { nearest } from "../config/suggest.ts";
import type { ViewSpec } from "../data/views.ts";
import { aboutEncoder, isVit } from "../encoders/facts.ts";
import { createEncoder, type Encoder } from "../encoders/index.ts";
import { couplingOf } from "./about.ts";
import { addAbout } from "./abouts.ts";
import type { MethodDefinition } from "./define.ts";
import { METHODS } from "./list.ts";
import { firstMethod } from "./measured.ts";
import { Method } from "./method.ts";
import { AUTO, presetsOf } from "./presets.ts";
import type { Teacher } from "./shared/teacher.ts";

/** Where nobody asks for one: what the measured table puts first; SimCLR for as long as it has no rows. */
export const FIRST_METHOD = firstMethod();

const known = new Map<string, MethodDefinition>(METHODS.map((method) => [method.about.name, method]));

/** All methods, those that come with unlabel first. */
export function methods(): MethodDefinition[] {
  return [...known.values()];
}

/**
 * Adds a method for this process.
 *
 * @returns takes it away again when disposed of
 * @throws {UsageError} where one of that name is there, or a preset lacks a key, has one that the schema does not, or contradicts itself
 */
export function addMethod(method: MethodDefinition): Disposable {
  const { name } = method.about;
  if (known.has(name)) throw new UsageError(`Expected a name that no method has yet, got ${name}`);
  const own = configurableFrom(method);
  // `auto` begins with the values of `small`.
  for (const preset of Object.keys(method.about.presets)) {
    try {
      resolveWith([own], { flags: { method: name, preset } }, { preset });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`Expected whole presets of method ${name}, got ${preset} with a fault: ${error.message}`);
    }
  }
  known.set(name, method);
  const about = addAbout(method.about);
  return {
    [Symbol.dispose]: () => {
      known.delete(name);
      about[Symbol.dispose]();
    },
  };
}

/** A method by name. @throws {UsageError} where there is none, and how one of a plugin's is had */
export function methodNamed(name: string): MethodDefinition {
  const found = known.get(name);
  if (found) return found;
  const guess = nearest(name, [...known.keys()]);
  throw new UsageError(
    `Expected a method that is known (${[...known.keys()].join(", ")}), got ${name}${guess ? ` (did you mean ${guess}?)` : ""}; one of your own needs its --plugin FILE again (in a program, loadPlugin or addMethod)`,
  );
}

function configurable(): Configurable[] {
  return methods().map(configurableOf);
}

function configurableFrom({ about, schema, check }: MethodDefinition): Configurable {
  return {
    name: about.name,
    presets: presetsOf(about),
    encoders: about.encoders,
    isVit,
    schema,
    check: (config, given) => [...(check?.(config as never, given) ?? []), ...tooSmall(config)],
  };
}

/** Of methods that are known, which change no more. */
const configurableOf = kept(configurableFrom);

/** A line where images are smaller than the encoder can take, in training or in evaluation. */
function tooSmall(config: Config): string[] {
  const { least } = aboutEncoder(config.encoder);
  if (least === 1 || !known.has(config.method)) return [];
  const [smallest, evaluated] = [smallestView(config), config.eval_size ?? least];
  const problem = (what: string, edge: number, mend: string) =>
    edge < least ? [`Expected ${what} of at least ${least} px with ${config.encoder}, got ${edge} px; ${mend}`] : [];
  return [
    ...problem("views", smallest, "set a larger size"),
    ...problem("an eval_size", evaluated, "set a larger one, or null for size"),
  ];
}

/**
 * Merges preset ← file ← flags and checks the outcome.
 *
 * @returns plain data with every key of the method; feeding it back gives itself
 * @throws {UsageError} naming each misspelt, misplaced or senseless setting, and where it came from
 */
export function resolveConfig(sources: Sources): Config {
  const name = sources.flags?.method ?? sources.file?.settings.method;
  // A run's method that is not there has its own words: its plugin is missing.
  if (sources.file && sources.flags?.method === undefined && typeof name === "string") methodNamed(name);
  return resolveWith(configurable(), sources, { method: FIRST_METHOD, preset: AUTO });
}

/** @throws {UsageError} for settings that make no sense together, where one of them has been changed since they were resolved */
export function refuseSenseless(config: Config): void {
  refuseContradictions(configurableOf(methodNamed(config.method)), config, {});
}

/**
 * @param what asks for methods that learn from images alone
 * @throws {UsageError} where one of them learns from a teacher, which is named for one run at a time
 */
export function refuseTaught(names: readonly string[], what: string): void {
  const taught = names.find((name) => known.get(name)?.about.teacher);
  if (taught === undefined) return;
  throw new UsageError(
    `Expected methods that learn from images alone ${what}, got ${taught}, which learns from a teacher; pretrain --method ${taught} trains it, and report sets runs side by side`,
  );
}

/** Whether any method has such a setting. */
export function isSetting(key: string): boolean {
  return isSettingOf(configurable(), key);
}

/** Side in pixels of the smallest views that a config's method asks for, at whatever step. */
export function smallestView(config: Config): number {
  const [start = config.size] = sizesOf(config, isVit(config.encoder));
  return Math.min(...viewsAt(config, start).map(({ size }) => size));
}

/**
 * The views of steps whose images have another size than they end with: all kinds are smaller by the same factor, to a multiple of what
 * the encoder needs.
 *
 * @param edge in pixels; at most the config's `size`
 */
export function viewsAt(config: Config, edge: number): ViewSpec[] {
  const whole = viewsOf(config);
  if (edge === config.size) return whole;
  const asked = viewsOf({ ...config, size: edge });
  if (asked.length !== whole.length || asked.some(({ count }, i) => count !== whole[i]!.count)) {
    throw new UsageError(
      `Expected as many views of method ${config.method} at ${edge} px as at ${config.size} px, got others; its check must refuse size_start`,
    );
  }
  return asked.map((view, i) => {
    const full = whole[i]!.size;
    const size = full === config.size ? edge : edgeAt(full, edge, config, isVit(config.encoder));
    if (size === view.size) return view;
    // A kind with a size of its own, such as small local views: its kernel goes with it.
    const half = view.blur ? Math.floor((((view.blur.kernel - 1) / 2) * size) / view.size) : 0;
    return { ...view, size, blur: view.blur && { ...view.blur, kernel: 2 * half + 1 } };
  });
}

/**
 * What a config's method asks for of the colours of its views that images of so many channels do not have: saturation, hue and grayscale
 * are of red, green and blue. It is left out.
 */
export function droppedColors(config: Config): string[] {
  const asked = askedViews(config).filter((view) => view.mean.length !== 3);
  const some = (of: (view: ViewSpec) => number | undefined) => asked.some((view) => (of(view) ?? 0) > 0);
  return [
    ...(some(({ color }) => color?.saturation) ? ["saturation"] : []),
    ...(some(({ color }) => color?.hue) ? ["hue"] : []),
    ...(some(({ grayscale }) => grayscale) ? ["grayscale"] : []),
  ];
}

/** The views that a config's method asks for, without colours that its images do not have. */
function viewsOf(config: Config): ViewSpec[] {
  return askedViews(config).map((view) => {
    if (view.mean.length === 3) return view;
    const color = view.color && { ...view.color, saturation: 0, hue: 0 };
    const changes = color && color.brightness + color.contrast > 0;
    return { ...view, color: changes ? color : null, grayscale: 0 };
  });
}

/** @throws {UsageError} where the method names no views, or such as cannot be read */
function askedViews(given: Config): ViewSpec[] {
  const config = withoutImages(given);
  const views = methodNamed(config.method).views(config as never);
  const whole = (view: ViewSpec) =>
    view.count >= 1 && view.size >= 1 && view.crop !== undefined && view.mean !== undefined;
  if (Array.isArray(views) && views.length > 0 && views.every(whole)) {
    const other = views.flatMap(({ mean, std }) => [mean.length, std.length]).find((n) => n !== config.channels);
    if (other === undefined) return views;
    throw new UsageError(
      `Expected ${counted(config.channels, "number")} for mean and std in the views of method ${config.method}, one a channel, got ${other}; take those of the config`,
    );
  }
  throw new UsageError(
    `Expected views of method ${config.method} with count, size, crop, filter, flip, color, grayscale, blur, solarize, mean and std each, got ${JSON.stringify(views)?.slice(0, 80)}`,
  );
}

/**
 * The method that a config asks for, freshly initialised from LibTorch's generator: the encoder first, then its heads.
 *
 * @param begin gives the encoder what it begins with, before heads and momentum copies are made of it
 * @param teacher what a method learns from that does so, where it is to train; whoever gives it disposes of it
 * @throws {UserError} for settings that do not fit each other, such as a patch that does not divide the image
 */
export function createMethod(
  given: Config,
  begin?: (encoder: Encoder) => void,
  teacher: Teacher | null = null,
): Method {
  const config = withoutImages(given);
  const definition = methodNamed(config.method);
  // A ResNet has no positions.
  const encoder = createEncoder(config, isVit(config.encoder) ? definition.encoder : {});
  begin?.(encoder);
  const method = definition.create({ config: config as never, encoder, teacher });
  if (!(method instanceof Method)) {
    throw new UsageError(`Expected create of method ${config.method} to give a Method, got ${typeof method}`);
  }
  method.name = config.method;
  method.views = viewsOf(config);
  const { micro_batch: part, batch } = config;
  const split = method.embed !== undefined && method.contrast !== undefined;
  if (part !== null && part < batch && couplingOf(definition.about, config) === "batch" && !split) {
    method.dispose();
    throw new UsageError(
      `Expected no micro_batch with ${config.method}, whose loss${typeof definition.about.coupling === "function" ? ", as it is set," : ""} looks across the images of a batch and cannot be had in parts, got ${part}; lower batch instead, or set activation_checkpointing`,
    );
  }
  return method;
}
