import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

/** Market data recorded apart from this repository: beside the checkout, or absent. */
const recordedMarket = fileURLToPath(new URL("../../../shared/market/", import.meta.url));
export const hasRecordedMarket = existsSync(recordedMarket);

/** To be added to the name of a test that is skipped without the recorded market. */
export const skipNote = hasRecordedMarket ? "" : " (SKIPPED: no recorded market data beside this checkout)";

/** Text of one packed file of the recorded market. */
export const recordedText = (file: string): string =>
  gunzipSync(readFileSync(`${recordedMarket}${file}`)).toString("utf8");

/** Parsed JSON of one file of the recorded market. */
export const recordedJson = (file: string): unknown => JSON.parse(readFileSync(`${recordedMarket}${file}`, "utf8"));

/** Names of the files of one folder of the recorded market, sorted; none when it is absent. */
export const recordedFiles = (folder: string): readonly string[] =>
  hasRecordedMarket ? readdirSync(`${recordedMarket}${folder}`).sort() : [];
