import type { PairView } from "./contract.ts";
import type { AgentView } from "./core/health.ts";

/** The lag changes with every write: alone it is told this seldom. */
const lagEveryMs = 1_000;

/** What an app is told of the pair; `primaryApp` is "host:port" of the other node while that one leads. */
export const pairViewOf = (view: AgentView, primaryApp: string | null): PairView => ({
  node: view.node,
  role: view.role === "primary" ? "primary" : "standby",
  epoch: view.epoch,
  protection: view.protection,
  limits: view.limits,
  paused: view.paused,
  inSync: [...view.inSync],
  reasons: [...view.reasons],
  primaryApp: view.role === "primary" ? null : primaryApp,
  lagTxids: view.peer?.lagTxids ?? null,
  primary: view.primary,
  peer: view.peer && { name: view.peer.name, reachable: view.peer.reachable, inSync: view.peer.inSync },
  arbiter: view.arbiter && { name: view.arbiter.name, reachable: view.arbiter.reachable },
  troubles: [...view.troubles],
});

/** Tells an app what is news to it, and nothing twice. */
export class PairViews {
  readonly #send: (view: PairView) => void;
  #lag: number | null = null;
  #rest = "";
  #toldMs = 0;

  constructor(send: (view: PairView) => void) {
    this.#send = send;
  }

  /** To be called at every change and on a timer. */
  tell(view: PairView, nowMs: number): void {
    const { lagTxids, ...others } = view;
    const rest = JSON.stringify(others);
    const lagIsNews = lagTxids !== this.#lag && nowMs - this.#toldMs >= lagEveryMs;
    if (rest === this.#rest && !lagIsNews) return;
    this.#rest = rest;
    this.#lag = lagTxids;
    this.#toldMs = nowMs;
    this.#send(view);
  }
}
