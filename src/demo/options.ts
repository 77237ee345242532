import type { PresetName } from "../../ha/io/node-files.ts";

/** What `trader demo` is told; null: the demo chooses. */
export type DemoOptions = {
  readonly headless: boolean;
  readonly basePort: number | null;
  readonly data: string | null;
  readonly preset: PresetName;
  readonly seed: number | null;
  readonly acceptDuplicates: boolean;
};

/** Ends the demo before it began, with one clear line. */
export class DemoError extends Error {
  override readonly name = "DemoError";
}
