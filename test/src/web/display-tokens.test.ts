import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LeaseOver, type ActGuard } from "../../../src/app-ports.ts";
import { openLedger, type Ledger } from "../../../src/db/ledger.ts";
import { marketDefaults } from "../../../src/db/universe.ts";
import { settings } from "../../../src/db/ledger-schema.ts";
import { LedgerDisplayTokens } from "../../../src/web/display-tokens.ts";

let dir: string;
let ledger: Ledger;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-tokens-"));
  ledger = openLedger(join(dir, "ledger.db"), 200, marketDefaults.yahoo);
});
afterEach(() => {
  ledger.close();
  rmSync(dir, { recursive: true });
});

const free: ActGuard = { epoch: 6, remainingMs: () => 1000, check: () => {} };
const tokensOf = (guard: ActGuard, outcome: "confirmed" | "unknown" = "confirmed") =>
  new LedgerDisplayTokens({
    db: ledger.db,
    guard,
    confirm: () => Promise.resolve(outcome),
    nowMs: () => 0,
    write: (work) => work(),
  });

test("a token is known to whoever opens this ledger next, and is not in it", async () => {
  const made = await tokensOf(free).make();
  if (made.kind === "refused") throw new Error(made.reason);
  expect(made.confirmed).toBe(true);
  ledger.close();
  ledger = openLedger(join(dir, "ledger.db"), 200, marketDefaults.yahoo);
  expect([tokensOf(free).knows(made.token), tokensOf(free).knows(`${made.token}x`)]).toEqual([true, false]);
  expect(JSON.stringify(ledger.db.select().from(settings).all())).not.toContain(made.token);
});

test("a token whose confirmation is unknown is said to be so", async () => {
  expect(await tokensOf(free, "unknown").make()).toMatchObject({ kind: "made", confirmed: false });
});

test("tokens are bounded, and revoking voids them all and nothing else", async () => {
  ledger.db.insert(settings).values({ key: "cash-reserve", value: "1" }).run();
  const tokens = tokensOf(free);
  const first = await tokens.make();
  for (let n = 2; n <= 32; n++) await tokens.make();
  expect(await tokens.make()).toEqual({ kind: "refused", reason: "32 displays are paired: revoke them first" });
  expect(await tokens.revokeAll()).toEqual({ revoked: 32, confirmed: true });
  expect(first.kind === "made" && tokens.knows(first.token)).toBe(false);
  expect(ledger.db.select().from(settings).all()).toMatchObject([{ key: "cash-reserve" }]);
});

test("[HA-8] nothing is written once the lease may have ended", async () => {
  const over: ActGuard = {
    ...free,
    check: () => {
      throw new LeaseOver("over");
    },
  };
  await expect(tokensOf(over).make()).rejects.toThrow(LeaseOver);
  await expect(tokensOf(over).revokeAll()).rejects.toThrow(LeaseOver);
  expect(ledger.db.select().from(settings).all()).toEqual([]);
});
