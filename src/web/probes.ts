import { asc } from "../db/drizzle.ts";
import { probes } from "../db/ledger-schema.ts";
import type { ProbeOutcome, Probes } from "./desk.ts";
import type { RowDeps } from "./token-rows.ts";

/** A row is only written while this much of the lease is left; a commit is shorter. */
const marginMs = 50;
const atOnceMax = 256;
const listedMax = 100_000;

/** Probes on an open ledger. `drain` refuses new ones and resolves when those under way are answered. */
export class LedgerProbes implements Probes {
  readonly #deps: RowDeps;
  readonly #underWay = new Set<Promise<unknown>>();
  #draining = false;

  constructor(deps: RowDeps) {
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
