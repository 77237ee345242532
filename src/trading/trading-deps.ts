import type { Logger } from "pino";
import type { ActGuard, AppClock, Confirm } from "../app-ports.ts";
import type { Broker } from "./broker.ts";
import type { Absence, Limits } from "./order-rules.ts";
import type { Intent, PlanStore } from "./plan-record.ts";

/** Real time for waiting and for measuring absences; monotonic. */
export type RealTime = {
  nowMs(): number;
  /** Resolves after this time, at once when the signal is aborted; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
};

/** What trading is handed; made once for each promotion. */
export type TradingDeps = {
  readonly cluster: string;
  readonly node: string;
  readonly broker: Broker;
  readonly store: PlanStore;
  readonly guard: ActGuard;
  readonly confirm: Confirm;
  readonly clock: Pick<AppClock, "nowMs">;
  readonly realTime: RealTime;
  readonly limits: Limits;
  /** App time for which a slot's orders may be sent. */
  readonly slotMs: number;
  /** Real time that the lease must still have when a request goes out. */
  readonly sendMarginMs: number;
  /** Look-ups of earlier slots' orders that found nothing; lives as long as the process. */
  readonly absences: Map<string, Absence>;
  /** Asked right before each order is sent: one plain sentence on what forbids it now, or null. Throws when that is not known. */
  readonly mayTrade: (intent: Intent) => Promise<string | null>;
  readonly log: Logger;
};

/** Real time of this process. */
export const realTime: RealTime = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (ms <= 0 || signal.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener("abort", done, { once: true });
    }),
};
