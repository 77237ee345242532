import { createHash } from "node:crypto";
import { z } from "zod";
import { TokenRows, type RowDeps, type TokenRow } from "./token-rows.ts";

/** Real time for which a session lasts, whatever is done in it: nothing is written while somebody only looks. */
export const sessionMs = 7 * 24 * 60 * 60_000;
const sessionsMax = 16;

const kept = z.object({ untilMs: z.int(), under: z.string() });

/**
 * Who is logged in. Sessions are in the ledger, so that a failover logs nobody out: that is when an owner wants to
 * act. Instants are real ones: the app's clock may run faster.
 */
export class Sessions {
  readonly #rows: TokenRows;

  constructor(deps: RowDeps) {
    this.#rows = new TokenRows(deps, "session:");
  }

  /** A session under the password of this hash; beyond the bound the oldest ends. */
  async open(passwordHash: string, realNowMs: number): Promise<{ token: string; confirmed: boolean }> {
    const running = this.#rows
      .all()
      .map((row) => ({ id: row.id, untilMs: readKept(row)?.untilMs ?? 0 }))
      .toSorted((a, b) => b.untilMs - a.untilMs);
    const instead = running.filter(({ untilMs }, at) => untilMs <= realNowMs || at >= sessionsMax - 1);
    const value = JSON.stringify({ untilMs: realNowMs + sessionMs, under: fingerprint(passwordHash) });
    return this.#rows.make(
      value,
      instead.map(({ id }) => id),
    );
  }

  /** Its id, while it lasts and the password is still the one that it was opened with; null otherwise. */
  find(token: string, passwordHash: string, realNowMs: number): string | null {
    const row = this.#rows.find(token);
    const session = row && readKept(row);
    if (!session || session.under !== fingerprint(passwordHash)) return null;
    // One that ends later than any can was opened under a clock that went wrong.
    const leftMs = session.untilMs - realNowMs;
    return leftMs > 0 && leftMs <= sessionMs ? row.id : null;
  }

  async end(id: string): Promise<void> {
    await this.#rows.revoke([id]);
  }

  /** Ends all of them. */
  endAll(): Promise<{ readonly revoked: number; readonly confirmed: boolean }> {
    return this.#rows.revoke(this.#rows.all().map(({ id }) => id));
  }
}

function readKept(row: TokenRow): z.infer<typeof kept> | null {
  try {
    return kept.parse(JSON.parse(row.value));
  } catch {
    // What cannot be read opens nothing.
    return null;
  }
}

const fingerprint = (passwordHash: string): string =>
  createHash("sha256").update(passwordHash).digest("base64url").slice(0, 22);
