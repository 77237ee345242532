import type { DisplayTokens, MadeToken } from "./desk.ts";
import { TokenRows, type RowDeps } from "./token-rows.ts";

const tokensMax = 32;

/** Who may see amounts on a display. */
export class LedgerDisplayTokens implements DisplayTokens {
  readonly #deps: RowDeps;
  readonly #rows: TokenRows;

  constructor(deps: RowDeps) {
    this.#deps = deps;
    this.#rows = new TokenRows(deps, "display-token:");
  }

  knows(token: string): boolean {
    return this.#rows.find(token) !== null;
  }

  async make(): Promise<MadeToken> {
    const { length } = this.#rows.all();
    if (length >= tokensMax) return { kind: "refused", reason: `${length} displays are paired: revoke them first` };
    return { kind: "made", ...(await this.#rows.make(new Date(this.#deps.nowMs()).toISOString())) };
  }

  revokeAll(): Promise<{ readonly revoked: number; readonly confirmed: boolean }> {
    return this.#rows.revoke(this.#rows.all().map(({ id }) => id));
  }
}
