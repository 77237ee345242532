import type { Logger } from "pino";
import { toApp, type FromApp, type ToApp } from "../ha/contract.ts";
import type { Confirm } from "./app-ports.ts";

/** The wire to the agent: Node's IPC in a real app, an array in a test. */
export type AgentWire = {
  send(message: FromApp): void;
  onMessage(listen: (message: unknown) => void): void;
  onGone(listen: () => void): void;
};

/** This process's own IPC channel; null when no agent started it. */
export function processWire(): AgentWire | null {
  if (!process.send) return null;
  return {
    // A failed send is followed by `disconnect`, which ends this process.
    send: (message) => void process.send?.(message, undefined, undefined, () => {}),
    onMessage: (listen) => void process.on("message", listen),
    onGone: (listen) => void process.on("disconnect", listen),
  };
}

type Handlers = {
  /** Every valid message but `confirmed`, which the channel keeps to itself. */
  onMessage(message: Exclude<ToApp, { kind: "confirmed" }>): void;
  /** The agent is gone. */
  onGone(): void;
};
type Outcome = "confirmed" | "unknown";
type Batch = { readonly promise: Promise<Outcome>; readonly settle: (outcome: Outcome) => void };

const aliveEveryMs = 500;
/** A confirm that nobody answered by then is unknown; the agent's own limit is shorter. */
const confirmLimitMs = 10_000;
/** Beyond this many requests under way, callers share the next one. */
const confirmsAtOnceMax = 4;

/** Speaks with the agent: validates what comes, beats `alive`, and turns many confirms into few. */
export class AgentChannel {
  readonly #wire: AgentWire;
  readonly #log: Logger;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  #next: Batch | null = null;
  #n = 0;
  #alive: NodeJS.Timeout | null = null;

  constructor(wire: AgentWire, log: Logger) {
    this.#wire = wire;
    this.#log = log;
  }

  /** Starts listening and beating. */
  run(handlers: Handlers): void {
    this.#wire.onGone(() => handlers.onGone());
    this.#wire.onMessage((raw) => {
      const parsed = toApp.safeParse(raw);
      if (!parsed.success) {
        this.#log.error({ issues: parsed.error.issues }, "the agent said something that is not in the contract");
      } else if (parsed.data.kind === "confirmed") {
        this.#waiting.get(parsed.data.n)?.(parsed.data.outcome);
      } else {
        handlers.onMessage(parsed.data);
      }
    });
    this.#alive = setInterval(() => this.#wire.send({ kind: "alive" }), aliveEveryMs);
  }

  send(message: FromApp): void {
    this.#wire.send(message);
  }

  stop(): void {
    if (this.#alive) clearInterval(this.#alive);
  }

  /** Callers of the same turn share one request, and so do all while the most allowed are under way. */
  readonly confirm: Confirm = () => {
    if (!this.#next) {
      this.#next = newBatch();
      if (this.#waiting.size < confirmsAtOnceMax) setImmediate(() => this.#launch());
    }
    return this.#next.promise;
  };

  #launch(): void {
    const batch = this.#next;
    if (!batch || this.#waiting.size >= confirmsAtOnceMax) return; // an answer launches it
    this.#next = null;
    const n = ++this.#n;
    const finish = (outcome: Outcome): void => {
      clearTimeout(limit);
      this.#waiting.delete(n);
      batch.settle(outcome);
      this.#launch();
    };
    const limit = setTimeout(() => finish("unknown"), confirmLimitMs);
    this.#waiting.set(n, finish);
    this.#wire.send({ kind: "confirm-request", n });
  }
}

function newBatch(): Batch {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  return { promise, settle: resolve };
}
