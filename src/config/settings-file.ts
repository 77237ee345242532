import { LineCounter, type Node, isMap, isScalar, parseDocument } from "yaml";
import { type Field, fields } from "./fields.ts";
import { nearest } from "./nearest.ts";

/** What is wrong in one line, and what to do about it. */
export type Problem = {
  readonly line: number;
  readonly field: string;
  readonly what: string;
  readonly remedy: string;
};

/** A setting that the file gives, as a variable of the environment would give it. */
type Given = { readonly field: Field; readonly text: string; readonly line: number };

export type SettingsFile = { readonly given: readonly Given[]; readonly problems: readonly Problem[] };

const lettersMax = 65_536;
const secretNames = ["brokerKeyId", "brokerSecret", "mqttUser", "mqttPassword", "clusterSecret"];
const sections = [...new Set(fields.map(({ path }) => sectionOf(path)))];

/** Reads the text of a `trader.yml`; all that is wrong with it at once. Without I/O. */
export function parseSettings(text: string): SettingsFile {
  if (text.length > lettersMax) {
    return failed(1, "the whole file", `is longer than ${lettersMax} letters`, "Is this the right file?");
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const faults = [...document.errors, ...document.warnings];
  const broken = faults.map(({ pos, message, code }) =>
    code === TWICE
      ? problem(lineAt(pos[0]), "YAML", "the same key twice", "Keep one of them.")
      : problem(lineAt(pos[0]), "YAML", message.split("\n")[0] ?? "", SYNTAX),
  );
  if (faults.some(({ code }) => code !== TWICE)) {
    // One fault makes others in its line.
    return { given: [], problems: broken.filter(({ line }, at) => line !== broken[at - 1]?.line) };
  }
  const reading = new Reading((node) => lineAt(node?.range?.[0] ?? 0));
  reading.root(document.contents);
  const problems = [...broken, ...reading.problems].toSorted((a, b) => a.line - b.line);
  return { given: problems.length === 0 ? reading.given : [], problems };
}

const SYNTAX = 'Write lines such as "market: yahoo" under a section; "trader config init" shows all of them.';

const SECRETS = "Secrets are in secrets.json (0600), never here.";
const TWICE = "DUPLICATE_KEY";

/** One walk through a file; collects instead of stopping. */
class Reading {
  readonly given: Given[] = [];
  readonly problems: Problem[] = [];
  readonly #lineOf: (node: Node | null) => number;

  constructor(lineOf: (node: Node | null) => number) {
    this.#lineOf = lineOf;
  }

  root(root: Node | null): void {
    for (const { key, value, line } of this.#pairs(root, "the whole file")) {
      if (sections.includes(key)) this.#section(key, value);
      else this.problems.push(problem(line, key, "is not known", this.#instead(key, "", sections)));
    }
  }

  #section(section: string, node: Node | null): void {
    const inside = fields.filter(({ path }) => sectionOf(path) === section);
    for (const { key, value, line } of this.#pairs(node, section)) {
      const path = `${section}.${key}`;
      const field = inside.find((each) => each.path === path);
      if (field !== undefined) this.#value(field, value, line);
      else {
        const names = inside.map((each) => keyOf(each.path));
        this.problems.push(problem(line, path, "is not known", this.#instead(key, section, names)));
      }
    }
  }

  #value(field: Field, node: Node | null, line: number): void {
    if (isScalar(node) && node.value === null) return;
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
      this.problems.push(problem(line, field.path, "is not a single value", give(field)));
      return;
    }
    // As it stands there: 0x10 or 1e2 is no number for the environment.
    const text = isScalar(node) && node.source !== undefined ? node.source : String(value);
    const wrong = wrongWith(field, text);
    if (wrong === null) this.given.push({ field, text, line });
    else this.problems.push(problem(line, field.path, wrong.what, wrong.remedy));
  }

  #pairs(node: Node | null, name: string): { key: string; value: Node | null; line: number }[] {
    if (node === null || (isScalar(node) && node.value === null)) return [];
    if (!isMap<Node, Node | null>(node)) {
      this.problems.push(problem(this.#lineOf(node), name, "is not a list of keys with values", SYNTAX));
      return [];
    }
    return node.items.map(({ key, value }) => ({
      key: isScalar(key) ? String(key.value).slice(0, 60) : "?",
      value,
      line: this.#lineOf(key),
    }));
  }

  /** What the owner of an unknown key probably wants. */
  #instead(key: string, section: string, names: readonly string[]): string {
    if (nearest(key, secretNames)?.length === key.length) return SECRETS;
    const here = nearest(key, names);
    if (here !== null) return `Did you mean "${here}"?`;
    const elsewhere = nearest(
      key,
      fields.map(({ path }) => keyOf(path)),
    );
    const field = fields.find(({ path }) => keyOf(path) === elsewhere);
    if (field !== undefined) return `Did you mean "${keyOf(field.path)}" under "${sectionOf(field.path)}"?`;
    return `${section === "" ? "There are" : `Under "${section}" there are`} ${names.join(", ")}.`;
  }
}

/** Why a field cannot have this value; null: it can. A hidden value is not repeated. */
export function wrongWith(field: Field, text: string): { readonly what: string; readonly remedy: string } | null {
  // Whatever follows the scheme up to an @ before the path is a user, or a user with a password.
  if (/^[a-z]+:\/\/[^/?#]*@/i.test(text)) {
    return { what: "carries a user or password", remedy: SECRETS };
  }
  if (field.check.safeParse(text).success) return null;
  const shown = field.hidden ? "its value" : JSON.stringify(text.slice(0, 60));
  return { what: `${shown} makes no sense`, remedy: give(field) };
}

const give = ({ wanted }: Field): string => `Give ${wanted}.`;
const problem = (line: number, field: string, what: string, remedy: string): Problem => ({ line, field, what, remedy });
const failed = (...about: Parameters<typeof problem>): SettingsFile => ({ given: [], problems: [problem(...about)] });

/** "leds" of "leds.brightness". */
export function sectionOf(path: string): string {
  return path.slice(0, path.indexOf("."));
}

/** "brightness" of "leds.brightness". */
export function keyOf(path: string): string {
  return path.slice(path.indexOf(".") + 1);
}
