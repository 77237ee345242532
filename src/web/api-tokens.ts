import { z } from "zod";
import { TokenRows, type RowDeps, type TokenRow } from "./token-rows.ts";

const tokensMax = 32;
/** What a script's token lets it do: see amounts, or change things too. */
export const scopeSchema = z.enum(["read", "write"]);
export type Scope = z.infer<typeof scopeSchema>;
/** How an owner tells tokens apart. */
export const tokenNameSchema = z
  .string()
  .regex(/^[\w .-]{1,40}$/, "1 to 40 letters, digits, spaces, dots, hyphens and underscores");
const kept = z.object({ name: tokenNameSchema, scope: scopeSchema, madeAt: z.iso.datetime() });

export type ApiToken = z.infer<typeof kept>;

/** Tokens of scripts, in the ledger. */
export class ApiTokens {
  readonly #deps: RowDeps;
  readonly #rows: TokenRows;

  constructor(deps: RowDeps) {
    this.#deps = deps;
    this.#rows = new TokenRows(deps, "api-token:");
  }

  /** null: no such token. */
  scopeOf(token: string): Scope | null {
    const row = this.#rows.find(token);
    return (row && readKept(row))?.scope ?? null;
  }

  list(): readonly ApiToken[] {
    return this.#rows.all().flatMap((row) => readKept(row) ?? []);
  }

  async make(
    name: string,
    scope: Scope,
  ): Promise<
    | { readonly kind: "made"; readonly token: string; readonly confirmed: boolean }
    | { readonly kind: "refused"; readonly reason: string }
  > {
    const present = this.list();
    if (present.some((token) => token.name === name)) return refused(`there is a token "${name}" already`);
    if (present.length >= tokensMax) return refused(`there are ${tokensMax} tokens: revoke some first`);
    const madeAt = new Date(this.#deps.nowMs()).toISOString();
    return { kind: "made", ...(await this.#rows.make(JSON.stringify({ name, scope, madeAt } satisfies ApiToken))) };
  }

  /** Voids the token of this name. */
  revoke(name: string): Promise<{ readonly revoked: number; readonly confirmed: boolean }> {
    const rows = this.#rows.all().filter((row) => readKept(row)?.name === name);
    return this.#rows.revoke(rows.map(({ id }) => id));
  }
}

const refused = (reason: string) => ({ kind: "refused", reason }) as const;

function readKept(row: TokenRow): ApiToken | null {
  try {
    return kept.parse(JSON.parse(row.value));
  } catch {
    // What cannot be read opens nothing.
    return null;
  }
}
