/** What is built, sorted: these files and no others are published from the folder. */
export declare const PAGE_FILES: readonly string[];
/** The files by name. */
export declare function bundlePages(): Promise<Map<string, string>>;
/** Writes them into packages/unlabel/dist/studio/pages. */
export declare function buildPages(): Promise<void>;
