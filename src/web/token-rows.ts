import { createHash, randomBytes } from "node:crypto";
import type { ActGuard, Confirm } from "../app-ports.ts";
import { asc, eq, inArray, like } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { settings } from "../db/ledger-schema.ts";

/** A row is only written while this much of the lease is left; a commit is shorter. */
const marginMs = 50;

export type RowDeps = {
  readonly db: LedgerDb;
  readonly guard: ActGuard;
  readonly confirm: Confirm;
  readonly nowMs: () => number;
  /** Performs one write; after one that the ledger could not take there is no other. */
  readonly write: <T>(work: () => T) => T;
};

/** `id` is the hash that is kept of a token. */
export type TokenRow = { readonly id: string; readonly value: string };

/**
 * Tokens of one kind in the ledger's settings, so that whoever leads after a failover knows them too. A token is 192
 * random bits, so its hash, which is all that is kept, gives nothing away.
 */
export class TokenRows {
  readonly #deps: RowDeps;
  readonly #prefix: string;

  constructor(deps: RowDeps, prefix: string) {
    this.#deps = deps;
    this.#prefix = prefix;
  }

  find(token: string): TokenRow | null {
    const id = hashOf(token);
    const row = this.#deps.db
      .select()
      .from(settings)
      .where(eq(settings.key, this.#prefix + id))
      .get();
    return row === undefined ? null : { id, value: row.value };
  }

  all(): readonly TokenRow[] {
    return this.#deps.db
      .select()
      .from(settings)
      .where(like(settings.key, `${this.#prefix}%`))
      .orderBy(asc(settings.key))
      .all()
      .map(({ key, value }) => ({ id: key.slice(this.#prefix.length), value }));
  }

  /** Makes a token that is kept with this value, and voids these others in the same transaction. */
  async make(value: string, instead: readonly string[] = []): Promise<{ token: string; confirmed: boolean }> {
    const { db, guard, confirm, write } = this.#deps;
    guard.check(marginMs);
    const token = randomBytes(24).toString("base64url");
    write(() =>
      db.transaction((tx) => {
        tx.delete(settings)
          .where(inArray(settings.key, this.#keys(instead)))
          .run();
        tx.insert(settings)
          .values({ key: this.#prefix + hashOf(token), value })
          .run();
      }),
    );
    return { token, confirmed: (await confirm()) === "confirmed" };
  }

  async revoke(ids: readonly string[]): Promise<{ readonly revoked: number; readonly confirmed: boolean }> {
    const { db, guard, confirm, write } = this.#deps;
    guard.check(marginMs);
    const { changes } = write(() =>
      db
        .delete(settings)
        .where(inArray(settings.key, this.#keys(ids)))
        .run(),
    );
    return { revoked: changes, confirmed: (await confirm()) === "confirmed" };
  }

  #keys(ids: readonly string[]): string[] {
    return ids.map((id) => this.#prefix + id);
  }
}

const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");
