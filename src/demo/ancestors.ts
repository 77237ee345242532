import { readFileSync } from "node:fs";

/** One process of a chain of parents, as /proc shows it. */
export type ProcessFacts = {
  readonly parent: number;
  readonly session: number;
  readonly startTicks: string;
  readonly command: string;
};

/** Reads /proc; null when there is no such process, or it is dead and not reaped. */
export type ReadProcess = (pid: number) => ProcessFacts | null;

/** A child whose parent must stay the one that it was at the start. */
export type ParentLink = { readonly pid: number; readonly parent: number; readonly parentCommand: string };

const readProcess: ReadProcess = (pid) => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, parent, , session] = fields;
    const startTicks = fields[19];
    if (state === "Z" || parent === undefined || session === undefined || startTicks === undefined) return null;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return { parent: Number(parent), session: Number(session), startTicks, command };
  } catch {
    return null;
  }
};

const CHAIN_MAX = 6;

/**
 * The links from this process up to whoever asked for it: through the launcher, and on through npm and its shell when
 * npm started it. Whoever leads a session of its own was detached on purpose: its parent may go.
 */
export function ancestorLinks(pid: number, byNpm: boolean, read: ReadProcess = readProcess): readonly ParentLink[] {
  const links: ParentLink[] = [];
  let at = pid;
  let npmAhead = byNpm;
  while (links.length < CHAIN_MAX) {
    const facts = read(at);
    const parent = facts === null || facts.parent <= 1 || facts.session === at ? null : read(facts.parent);
    if (facts === null || parent === null) break;
    links.push({ pid: at, parent: facts.parent, parentCommand: parent.command });
    if (!npmAhead && !isLauncher(parent.command)) break;
    npmAhead &&= !isNpm(parent.command);
    at = facts.parent;
  }
  return links;
}

const isLauncher = (command: string): boolean => /^\S+ (\S*\/)?(trader(\.js)?|launch\.js)( |$)/.test(command);
// npm puts its command into its process title.
const isNpm = (command: string): boolean => /^(\S*\/)?np[mx]( |$)|\/np[mx](-cli)?(\.js)?( |$)/.test(command);

/** The first link that is broken: the child has another parent now, or is gone. */
export const brokenLink = (links: readonly ParentLink[], read: ReadProcess = readProcess): ParentLink | null =>
  links.find(({ pid, parent }) => read(pid)?.parent !== parent || read(parent) === null) ?? null;

const CHECK_MS = 100;

/** Calls `onGone` once, with a sentence, when somebody in the chain of those who started this process is gone. */
export function watchAncestors(onGone: (reason: string) => void): () => void {
  const links = ancestorLinks(process.pid, process.env["npm_lifecycle_event"] !== undefined);
  const timer = setInterval(() => {
    const broken = brokenLink(links);
    if (broken === null) return;
    clearInterval(timer);
    onGone(`the process that started this demo is gone (${broken.parent}: ${broken.parentCommand.slice(0, 60)})`);
  }, CHECK_MS);
  return () => clearInterval(timer);
}
