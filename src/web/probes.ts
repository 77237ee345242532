import type { ActGuard, Confirm } from "../app-ports.ts";
import { asc } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { probes } from "../db/ledger-schema.ts";
import type { ProbeOutcome, Probes } from "./desk.ts";

/** A row is only written while this much of the lease is left; a commit is shorter. */
const marginMs = 50;
const atOnceMax = 256;
const listedMax = 100_000;

export type ProbeDeps = {
  readonly db: LedgerDb;
  readonly guard: ActGuard;
  readonly confirm: Confirm;
  readonly nowMs: () => number;
  /** Performs one write; after one that the ledger could not take there is no other. */
  readonly write: <T>(work: () => T) => T;
};

/** Probes on an open ledger. `drain` refuses new ones and resolves when those under way are answered. */
export class LedgerProbes implements Probes {
  readonly #deps: ProbeDeps;
  readonly #underWay = new Set<Promise<unknown>>();
  #draining = false;

  constructor(deps: ProbeDeps) {
    this.#deps = deps;
  }

  async add(value: string): Promise<ProbeOutcome> {
    if (this.#draining) return { kind: "refused", reason: "this node is handing over" };
    if (this.#underWay.size >= atOnceMax) return { kind: "refused", reason: `${atOnceMax} probes are under way` };
    const { db, guard, confirm, nowMs, write } = this.#deps;
    guard.check(marginMs);
    const row = { value, epoch: guard.epoch, atMs: nowMs() };
    const n = Number(write(() => db.insert(probes).values(row).run()).lastInsertRowid);
    const confirmed = confirm();
    this.#underWay.add(confirmed);
    try {
      return { kind: "written", n, confirmed: (await confirmed) === "confirmed", epoch: guard.epoch };
    } finally {
      this.#underWay.delete(confirmed);
    }
  }

  list(): ReturnType<Probes["list"]> {
    return this.#deps.db.select().from(probes).orderBy(asc(probes.n)).limit(listedMax).all();
  }

  async drain(): Promise<void> {
    this.#draining = true;
    await Promise.allSettled(this.#underWay);
  }

  resume(): void {
    this.#draining = false;
  }
}
