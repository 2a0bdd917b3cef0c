/** What came of one rank. */
export interface RankOutcome {
    code: number | string | null;
    /** Its last line of stdout, as JSON; null where it printed none. */
    said: unknown;
    stderr: string;
    seconds: number;
}
/** A port of this machine that nobody listens at. */
export declare function freePort(): Promise<number>;
export interface RankOptions {
    args?: readonly string[];
    env?: NodeJS.ProcessEnv;
    /** Variables of one rank alone. */
    envOf?: (rank: number) => NodeJS.ProcessEnv;
    /** Ranks that are started; by default all. */
    only?: readonly number[];
}
/** Runs `node ARGS… SCRIPT` as so many ranks; each gets torchrun's variables. */
export declare function runRanks(size: number, script: string, { args, env, envOf, only }?: RankOptions): Promise<RankOutcome[]>;
