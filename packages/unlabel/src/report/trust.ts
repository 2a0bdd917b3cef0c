// How far indicators without labels can be trusted, where that has been measured on labelled sets (`npm run bench -- indicators`). All
// words of the report that lean on such rows come from here.
import type { IndicatorName } from "../run/indicators.ts";

/**
 * What labelled sets said of these indicators, as a sentence such as "On three labelled data sets they named the better of two encoders
 * in 41 of 48 cases."; null where no rows have been measured, which is so for all of them as yet.
 *
 * @param _names of the indicators that the report rests on
 */
export function measuredTrust(_names: readonly IndicatorName[]): string | null {
  return null;
}
