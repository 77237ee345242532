import { createHash, randomBytes } from "node:crypto";
import type { ActGuard, Confirm } from "../app-ports.ts";
import { eq, like } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { settings } from "../db/ledger-schema.ts";
import type { DisplayTokens, MadeToken } from "./desk.ts";

const marginMs = 50;
const prefix = "display-token:";
const tokensMax = 32;

export type DisplayTokenDeps = {
  readonly db: LedgerDb;
  readonly guard: ActGuard;
  readonly confirm: Confirm;
  readonly nowMs: () => number;
  /** Performs one write; after one that the ledger could not take there is no other. */
  readonly write: <T>(work: () => T) => T;
};

/**
 * Who may see amounts on a display. A token is 192 random bits, so its hash gives nothing away: it lies among the
 * ledger's settings, and whoever leads after a failover knows it too. The token itself is nowhere.
 */
export class LedgerDisplayTokens implements DisplayTokens {
  readonly #deps: DisplayTokenDeps;

  constructor(deps: DisplayTokenDeps) {
    this.#deps = deps;
  }

  knows(token: string): boolean {
    const row = this.#deps.db
      .select()
      .from(settings)
      .where(eq(settings.key, keyOf(token)))
      .get();
    return row !== undefined;
  }

  async make(): Promise<MadeToken> {
    const { db, guard, confirm, nowMs, write } = this.#deps;
    const { length } = db
      .select()
      .from(settings)
      .where(like(settings.key, `${prefix}%`))
      .all();
    if (length >= tokensMax) return { kind: "refused", reason: `${length} displays are paired: revoke them first` };
    guard.check(marginMs);
    const token = randomBytes(24).toString("base64url");
    const value = new Date(nowMs()).toISOString();
    write(() =>
      db
        .insert(settings)
        .values({ key: keyOf(token), value })
        .run(),
    );
    return { kind: "made", token, confirmed: (await confirm()) === "confirmed" };
  }

  async revokeAll(): Promise<{ readonly revoked: number; readonly confirmed: boolean }> {
    const { db, guard, confirm, write } = this.#deps;
    guard.check(marginMs);
    const { changes } = write(() =>
      db
        .delete(settings)
        .where(like(settings.key, `${prefix}%`))
        .run(),
    );
    return { revoked: changes, confirmed: (await confirm()) === "confirmed" };
  }
}

const keyOf = (token: string): string => prefix + createHash("sha256").update(token).digest("hex");
