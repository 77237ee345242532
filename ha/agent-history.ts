import type { Logger } from "pino";
import type { AgentView } from "./core/health.ts";
import { HistoryFile, readHistory } from "./io/history.ts";
import type { HistoryEvent } from "./io/history.ts";
import { sentence, told } from "./io/history-sentences.ts";
import type { Roster } from "./io/node-files.ts";
import type { PromotedEvent } from "./primary-ports.ts";
import type { Verified } from "./verifier.ts";

type Unstamped = HistoryEvent extends infer Event
  ? Event extends HistoryEvent
    ? Omit<Event, "at" | "node">
    : never
  : never;
type Shown = { readonly at: string; readonly text: string };

const recentMax = 20;
/** As far back as the newest verification is looked for. */
const readMax = 1_000;

/** The history of one agent: written as things happen, the newest in memory. A history that fails stops nothing. */
export class AgentHistory {
  readonly #dir: string;
  readonly #node: string;
  readonly #file: HistoryFile;
  readonly #log: Logger;
  readonly #written: (event: HistoryEvent) => void;
  #recent: Shown[] = [];
  #inSync = "";
  #protection = "";
  #paused: boolean | null = null;
  #primary: { readonly name: string; readonly seenAt: number } | null = null;

  /** `written` hears of every event as it is written. */
  constructor(dir: string, node: string, log: Logger, written: (event: HistoryEvent) => void) {
    this.#dir = dir;
    this.#node = node;
    this.#file = new HistoryFile(dir);
    this.#log = log;
    this.#written = written;
  }

  get recent(): readonly Shown[] {
    return this.#recent;
  }

  /** Whom this node last saw leading. */
  get lastHolder(): string | null {
    return this.#primary?.name ?? null;
  }

  /** Reads what earlier runs wrote; answers the newest verification of this node's copy. */
  async load(): Promise<Verified | null> {
    const events = await this.read(readMax);
    this.#recent = events.slice(-recentMax).map(({ at, sentence }) => ({ at, text: sentence }));
    const last = events.findLast(({ kind }) => kind === "verified" || kind === "reinitialised");
    return last?.kind === "verified" ? { at: last.at, outcome: last.outcome, tookMs: last.tookMs } : null;
  }

  async read(limit: number): Promise<(HistoryEvent & { sentence: string })[]> {
    return told(await readHistory(this.#dir, limit));
  }

  write(unstamped: Unstamped): void {
    const event: HistoryEvent = { ...unstamped, at: new Date().toISOString(), node: this.#node };
    const shown = { at: event.at, text: sentence(event) };
    this.#recent = [...this.#recent, shown].slice(-recentMax);
    this.#log.info({ event }, shown.text);
    this.#written(event);
    this.#file.append(event).catch((error: unknown) => this.#log.error({ err: error }, "the history was not written"));
  }

  /** `unasked`: it went on without a word from the other node, which may have led since. */
  promoted({ epoch, cause, from, lostEstimate }: PromotedEvent, unasked: boolean): void {
    const gapMs =
      from === null || from === this.#node || this.#primary === null
        ? null
        : Math.max(0, Date.now() - this.#primary.seenAt);
    this.write({
      kind: "promoted",
      epoch,
      cause: cause === "resume" || cause === "start" ? (unasked ? "unasked" : "start") : cause,
      from,
      gapMs,
      lostEstimate,
    });
  }

  /** This roster is in force now. */
  members({ version, members, arbiter }: Roster): void {
    const names = members.map(({ name }) => name);
    this.write({ kind: "members", version, members: names, arbiter: [arbiter.kind, ...arbiter.targets].join(" ") });
  }

  /** One that came to nothing is logged only: it is tried again. */
  verified({ outcome, tookMs }: Verified): void {
    if (outcome.kind === "undone") this.#log.warn({ outcome }, "the copy of the ledger was not verified");
    else this.write({ kind: "verified", outcome, tookMs });
  }

  /** Notes who leads, and writes down every change of the set, of the protection and of maintenance. */
  observe(view: AgentView): void {
    if (view.primary !== null)
      this.#primary = { name: view.primary, seenAt: Date.now() - (view.peer?.lastHeardMs ?? 0) };
    const inSync = view.inSync.join();
    if (view.role === "primary" && inSync !== this.#inSync) {
      this.write({ kind: "set-changed", epoch: view.epoch, inSync: [...view.inSync], reason: null });
    }
    this.#inSync = inSync;
    const { protection, limits, paused } = view;
    if (`${protection} ${limits}` !== this.#protection)
      this.#log.warn({ protection }, `protection: ${protection}. ${limits}`);
    this.#protection = `${protection} ${limits}`;
    if (this.#paused !== null && this.#paused !== paused)
      this.write({ kind: "maintenance", epoch: view.epoch, paused });
    this.#paused = paused;
  }
}
