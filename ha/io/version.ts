import { createRequire } from "node:module";
import { z } from "zod";

/** The version of the program that runs. */
export const { version } = z
  .object({ version: z.string() })
  .parse(createRequire(import.meta.url)("../../package.json"));

/** Names the version of the program in every answer to somebody who may run another one. */
export const VERSION_HEADER = "x-trader-version";
