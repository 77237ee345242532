import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fields, type Field } from "./fields.ts";
import { type Problem, type SettingsFile, parseSettings, wrongWith } from "./settings-file.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The name of the file in a data directory; it need not be there. */
export const settingsName = "trader.yml";

/** Reads `trader.yml` of a data directory. One that cannot be read is a problem, one that is absent is not. */
export function readSettings(dataDir: string): SettingsFile {
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(dataDir, settingsName));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    if (code === "ENOENT") return { given: [], problems: [] };
    const remedy = "Make it a file that this user may read, or remove it.";
    return { given: [], problems: [{ line: 1, field: "the whole file", what: `cannot be read (${code})`, remedy }] };
  }
  return parseSettings(bytes.toString("utf8"));
}

/** A problem as one line for a person: file and line, field, what is wrong, remedy. */
export function problemLine(dataDir: string, { line, field, what, remedy }: Problem): string {
  return `${join(dataDir, settingsName)}:${line}: ${field}: ${what}. ${remedy}`;
}

/** What is wrong with the variables that are set, one line each. */
export function environmentProblems(env: Environment): string[] {
  return fields.flatMap((field) => {
    const text = env[field.variable];
    const wrong = text === undefined ? null : wrongWith(field, text);
    return wrong === null ? [] : [`environment: ${field.variable}: ${wrong.what}. ${wrong.remedy}`];
  });
}

export type InForce = { readonly field: Field; readonly text: string | null; readonly source: string };

/** Each setting as it counts: the environment's, else the file's, else the default (null: off). */
export function inForce(file: SettingsFile, env: Environment): InForce[] {
  return fields.map((field) => {
    const variable = env[field.variable];
    if (variable !== undefined) return { field, text: variable, source: `environment: ${field.variable}` };
    const given = file.given.find((each) => each.field === field);
    if (given !== undefined) return { field, text: given.text, source: `${settingsName}:${given.line}` };
    return { field, text: field.byDefault, source: "default" };
  });
}
