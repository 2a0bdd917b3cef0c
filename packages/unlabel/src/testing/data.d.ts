import { type Sharp } from "sharp";
/**
 * The shared data set of this name, or null where it is absent: `const root = dataRoot("imagenette")`, then
 * `it.runIf(root)(…)`. It lies in `UNLABEL_TEST_DATA`, by default `../shared/data` beside the repository.
 *
 * @throws {Error} where the others are there
 */
export declare function dataRoot(name: "imagenette" | "photos"): string | null;
/**
 * One of the small inputs that were once misread (`shared/cases`, beside the shared data), or null where they are absent.
 *
 * @throws {Error} where it is absent and `UNLABEL_REQUIRE_DATA=1`
 */
export declare function caseRoot(name: string): string | null;
/** A folder that is removed when the `using` block ends. */
export declare function temporaryFolder(): {
    path: string;
} & Disposable;
/** Runs `body` as a user whom permissions bind, as they do not bind root. */
export declare function withoutPrivileges<T>(body: () => T | Promise<T>): Promise<T>;
/** Smooth colours that differ from `kind` to `kind`, `width × height × 3` bytes. */
export declare function samplePixels(width: number, height: number, kind?: number): Uint8Array;
/** A sharp image of {@link samplePixels}, to be written in any format. */
export declare function sampleImage(width: number, height: number, kind?: number): Sharp;
/** Writes one image a path (relative to `root`, format by extension); the paths' order gives each its own colours. */
export declare function writeImages(root: string, paths: readonly string[], width?: number, height?: number): Promise<void>;
