import type { Logger } from "pino";
import type { AgentView } from "./core/health.ts";
import { HistoryFile, readHistory, sentence } from "./io/history.ts";
import type { HistoryEvent } from "./io/history.ts";
import type { PromotedEvent } from "./primary-ports.ts";

type Unstamped = HistoryEvent extends infer Event
  ? Event extends HistoryEvent
    ? Omit<Event, "at" | "node">
    : never
  : never;
type Shown = { readonly at: string; readonly text: string };

const recentMax = 20;

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

  async load(): Promise<void> {
    this.#recent = (await this.read(recentMax)).map(({ at, sentence }) => ({ at, text: sentence }));
  }

  async read(limit: number): Promise<(HistoryEvent & { sentence: string })[]> {
    const events = await readHistory(this.#dir, limit);
    return events.map((event) => ({ ...event, sentence: sentence(event) }));
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
