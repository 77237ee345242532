import type { PairView } from "../../../ha/contract.ts";
import type { LedgerView, OrderView } from "../../../src/ledger-view.ts";
import { type LedDisplay, ledDisplayOf } from "../../../src/led/display.ts";
import { ledFacts } from "../../../src/led/facts.ts";
import { TakeoverWatch } from "../../../src/led/takeover.ts";
import { ledgerView } from "../web/desk-fixture.ts";
import { quietPair } from "../../support/pair-view.ts";

/** One board at one moment; null while it has no power. */
type BoardMoment = { readonly node: string; readonly display: LedDisplay | null };
export type Moment = { readonly at: string; readonly words: string; readonly boards: readonly BoardMoment[] };

type Doing = {
  readonly ledger?: LedgerView;
  readonly activity?: string;
  /** Standby only. */
  readonly behindTxids?: number;
};

const secondsOf = (at: string): number => {
  const [hours = 0, minutes = 0, seconds = 0] = at.split(":").map(Number);
  return hours * 3600 + minutes * 60 + seconds;
};

/** One node of the day: a standby until it is promoted, nothing while it is off. */
class DayNode {
  readonly name: string;
  readonly #nowMs: () => number;
  #watch: TakeoverWatch;
  #pair: PairView | null = null;
  #epoch: number | null = null;
  #on = true;

  constructor(name: string, nowMs: () => number) {
    this.name = name;
    this.#nowMs = nowMs;
    this.#watch = new TakeoverWatch(name, nowMs);
  }

  hear(inSync: readonly string[], leader: string | null, epoch: number): void {
    const leads = leader === this.name;
    const primaryApp = leads || leader === null ? null : `${leader}.local:8000`;
    const role = leads ? "primary" : "standby";
    this.#pair = {
      ...quietPair,
      node: this.name,
      role,
      epoch,
      protection: "strict",
      inSync: [...inSync],
      primaryApp,
      primary: leader,
    };
    this.#watch.see(this.#pair);
    if (leads && this.#epoch !== epoch) {
      this.#epoch = epoch;
      this.#watch.promoted();
    }
  }

  lose(): void {
    this.#on = false;
  }

  start(): void {
    this.#on = true;
    this.#epoch = null;
    this.#watch = new TakeoverWatch(this.name, this.#nowMs);
  }

  draw({ ledger = quietLedger, activity, behindTxids }: Doing): BoardMoment {
    if (!this.#on) return { node: this.name, display: null };
    const facts = ledFacts({
      node: this.name,
      pair: this.#pair,
      open: this.#epoch === null ? null : { epoch: this.#epoch, ledger },
      tookOverFrom: this.#watch.from,
      behindTxids: behindTxids ?? null,
      activity: activity ?? null,
      realSinceMs: (atMs) => this.#nowMs() - atMs,
    });
    return { node: this.name, display: ledDisplayOf(facts) };
  }
}

const [plan] = ledgerView.plans;
const [order] = plan?.orders ?? [];
const [run] = ledgerView.jobRuns;
if (!plan || !order || !run) throw new Error("the fixture has a plan, an order and a run");

const quietLedger: LedgerView = { ...ledgerView, investedShare: 0.826, plans: [{ ...plan, orders: [] }] };
const withOrder = (given: Partial<OrderView>, share = 0.826): LedgerView => ({
  ...ledgerView,
  investedShare: share,
  plans: [{ ...plan, orders: [{ ...order, ...given }] }],
});
const sentAt = (at: string): number => secondsOf(at) * 1_000;
const failing: LedgerView = {
  ...quietLedger,
  jobRuns: [{ ...run, job: "portfolio-sync", status: "failed", outcome: "the broker did not answer" }],
};

/** A day of two boards, uno-a leading at first, through the application's own path from facts to display. */
export function tradingDay(): readonly Moment[] {
  let nowMs = 0;
  const a = new DayNode("uno-a", () => nowMs);
  const b = new DayNode("uno-b", () => nowMs);
  const moments: Moment[] = [];
  const record = (at: string, words: string, ofA: Doing = {}, ofB: Doing = {}): void => {
    nowMs = secondsOf(at) * 1_000;
    moments.push({ at, words, boards: [a.draw(ofA), b.draw(ofB)] });
  };
  const both = (inSync: readonly string[], leader: string | null, epoch: number): void => {
    for (const node of [a, b]) node.hear(inSync, leader, epoch);
  };
  const pair = ["uno-a", "uno-b"];

  both(pair, "uno-a", 7);
  record("08:55:00", "before the first exchange opens", {}, { behindTxids: 0 });
  record("09:00:00", "prices are fetched", { activity: "SYNCING PRICES..." }, { behindTxids: 2 });
  const bought = { symbol: "AAPL", side: "buy", sentAtMs: sentAt("09:15:00"), share: 0.025 } as const;
  record("09:15:01", "an order was just sent", { ledger: withOrder(bought) });
  record("09:16:00", "the ticker after it", { ledger: withOrder(bought, 0.851) });
  both(["uno-a"], "uno-a", 7);
  record("10:00:00", "the standby is gone: unprotected", { ledger: withOrder(bought, 0.851) });
  both(pair, "uno-a", 7);
  record("11:30:00", "the broker does not answer", { ledger: failing });
  record("11:45:00", "the next run succeeds");
  a.lose();
  b.hear(pair, null, 7);
  record("13:00:02", "uno-a has lost its power; the lease runs out", {}, {});
  b.hear(["uno-b"], "uno-b", 8);
  record("13:00:04", "uno-b takes over");
  const sold = { symbol: "JPM", side: "sell", sentAtMs: sentAt("13:00:30"), share: 0.05 } as const;
  record("13:00:31", "and trades within its first minute", {}, { ledger: withOrder(sold) });
  record("13:01:30", "the minute is over: it works alone", {}, { ledger: withOrder(sold, 0.776) });
  a.start();
  both(pair, "uno-b", 8);
  record("13:05:00", "uno-a is back as the standby", { behindTxids: 14 }, { ledger: withOrder(sold, 0.776) });
  record("17:40:00", "the exchanges have closed", { behindTxids: 0 });
  record("22:30:00", "quiet hours", { behindTxids: 0 });
  record("22:45:00", "an error in quiet hours", { behindTxids: 0 }, { ledger: failing });
  return moments;
}
