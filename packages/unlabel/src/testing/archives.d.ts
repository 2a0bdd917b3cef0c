export interface TarEntry {
    path: string;
    content?: Uint8Array | string;
    /** `0` a file, `5` a folder, `2` a symbolic link, `L` GNU's long name, `x` pax. */
    type?: string;
    /** What the header claims instead of the content's length. */
    size?: number;
}
/** A ustar archive; `end: false` leaves out its end mark. */
export declare function tarOf(entries: readonly TarEntry[], { end }?: {
    end?: boolean | undefined;
}): Buffer;
/** The record `length key=value\n` of a pax header. */
export declare function paxRecord(key: string, value: string): string;
/** CIFAR records: label bytes, then 32 × 32 pixels in planes. */
export declare function cifarOf(labels: readonly number[][]): Buffer;
/** An IDX file of bytes. */
export declare function idxOf(dims: readonly number[], values: Uint8Array): Buffer;
