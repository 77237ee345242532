import { expect, test } from "vitest";
import type { Considered } from "../../../src/planning/considered.ts";
import { plans } from "../../../src/db/ledger-schema.ts";
import { webRoutes } from "../../../src/web/routes.ts";
import { plan } from "../trading/trading-fixture.ts";
import { fakeDesk, from, local, memoryRows } from "./desk-fixture.ts";

const considered: Considered = {
  regions: [{ name: "US", share: 0.6, target: 0.5, balanced: false }],
  industries: [{ name: "Energy", share: 0.1, target: 0.11, balanced: true }],
  outOfPlaceEur: 1_000,
  outOfPlaceAfterEur: 900,
  costEur: 2,
  netEur: 3,
  rejected: [
    {
      symbol: "KO",
      side: "buy",
      rule: "costs",
      why: "KO is not bought (costs): puts 97250.00 EUR in place.",
      netEur: -1.5,
    },
    {
      symbol: "GE",
      side: "sell",
      rule: "minimum hold",
      why: "GE is not sold (minimum hold): 3.0% too much.",
      netEur: null,
    },
  ],
  more: 2,
};

const rows = memoryRows();
const routes = webRoutes(fakeDesk({ rows }));
const text = async (path: string, caller = local): Promise<string> => (await routes.request(path, {}, caller)).text();

test("the newest plan's rejected candidates are on its page and in the API, each with its rule; no amount for strangers", async () => {
  expect(JSON.parse(await text("/api/plans/considered"))).toEqual({ considered: null });
  const { intents: _, ...row } = plan([]);
  rows.db
    .insert(plans)
    .values([
      { ...row, slot: "20261122T1400Z", considered: { ...considered, more: 9 } },
      { ...row, considered },
    ])
    .run();
  expect(JSON.parse(await text("/api/plans/considered"))).toMatchObject({
    considered: { slot: row.slot, regions: considered.regions, rejected: [{ net: -1.5 }, { net: null }], more: 2 },
  });
  const page = await text("/plan");
  expect(page).toMatch(/buy KO[^]*costs[^]*97250\.00 EUR[^]*sell GE[^]*minimum hold[^]*And 2 more\./);
  expect(page).toMatch(/US[^]*60%[^]*50%[^]*too much[^]*Energy[^]*in balance/);
  const lan = from("192.168.1.7");
  expect(await text("/plan", lan)).toContain("GE is not sold (minimum hold): 3.0% too much.");
  expect(await text("/plan", lan)).not.toContain("97250");
  expect(await text("/api/plans/considered", lan)).not.toMatch(/97250|-1\.5/);
});
