import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** One command of a document, as it is to be typed. */
export type Documented = {
  readonly document: string;
  readonly section: string;
  /** Who types it, by the comment above it ("On the first board: …"); empty where it does not matter. */
  readonly machine: string;
  readonly text: string;
};

const fence = /^```(\w*)$/;
const heading = /^#{1,4} (.*)$/;
const onMachine = /^# On ([^:,]+)/;

/** The commands of a document's `sh` blocks, in their order; a comment at the end of a line is not part of its command. */
export function commandsOf(document: string): readonly Documented[] {
  let block: string | null = null;
  let section = "";
  let machine = "";
  const found: Documented[] = [];
  for (const line of readFileSync(`${root}${document}`, "utf8").split("\n")) {
    const opens = fence.exec(line);
    if (opens !== null) {
      block = block === null ? (opens[1] ?? "") : null;
      machine = "";
    } else if (block === null) section = heading.exec(line)?.[1] ?? section;
    else if (block === "sh" && line.trim() !== "") {
      const named = onMachine.exec(line)?.[1];
      if (named !== undefined) machine = named;
      else if (!line.startsWith("#")) found.push({ document, section, machine, text: line.replace(/\s+#.*$/, "") });
    }
  }
  return found;
}

/** Lines of blocks that are not `sh`, and so are executed by nobody. */
export function otherLinesOf(document: string): readonly string[] {
  let block: string | null = null;
  return readFileSync(`${root}${document}`, "utf8")
    .split("\n")
    .filter((line) => {
      const opens = fence.exec(line);
      if (opens !== null) block = block === null ? (opens[1] ?? "") : null;
      return opens === null && block !== null && block !== "sh";
    });
}

/** Commands in the text itself, between backticks. */
export const inlineOf = (document: string): readonly string[] =>
  [
    ...readFileSync(`${root}${document}`, "utf8")
      .replaceAll(/^```[^]*?^```$/gm, "")
      .matchAll(/`([^`\n]+(?:\n[^`\n]+)?)`/g),
  ].map((match) => (match[1] ?? "").replace("\n", " "));
