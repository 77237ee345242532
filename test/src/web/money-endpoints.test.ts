import { expect, test } from "vitest";
import type { Movement } from "../../../src/analytics/money/movement.ts";
import { addMovements, writeAccountDay } from "../../../src/db/money-rows.ts";
import { moneyView } from "../../../src/money-view.ts";
import { showBook } from "../../../src/trading/books.ts";
import { moneyEndpoints } from "../../../src/web/api/money-endpoints.ts";
import { webRoutes } from "../../../src/web/routes.ts";
import { fakeDesk, from, local, ledgerView, memoryRows } from "./desk-fixture.ts";

const monday = Date.UTC(2026, 10, 16);
const tuesday = monday + 86_400_000;
const movement: Movement = {
  id: "opening-cash-USD",
  kind: "opening",
  atMs: monday,
  currency: "USD",
  minor: 100_000,
  symbol: null,
  qty: null,
  price: null,
  toCurrency: null,
  toMinor: null,
  rate: 1,
  note: "there before",
};

/** 1,000.00 USD, two AAPL for 100.25 each of it; they stand at 110.00 a day later. */
function desk() {
  const rows = memoryRows();
  showBook(rows.db, "b", (work) => work());
  const buy = { ...movement, id: "f1", kind: "buy", minor: -20_050, symbol: "AAPL", qty: 2, price: 100.25 } as const;
  addMovements(rows.db, "b", [movement, { ...buy, note: "=FILL" }]);
  addMovements(rows.db, "other", [{ ...movement, id: "x", minor: 1 }]);
  for (const [dayMs, price] of [
    [monday, 100.25],
    [tuesday, 110],
  ] as const) {
    writeAccountDay(rows.db, "b", {
      dayMs,
      base: "USD",
      held: { AAPL: 2 },
      prices: { USD: { AAPL: price } },
      cash: { USD: 79_950 },
      rates: {},
      splits: { AAPL: Date.UTC(2026, 10, 16, 14, 30) },
    });
  }
  return fakeDesk({ rows });
}

const ask = async (path: string) => webRoutes(desk()).request(path, {}, local);

test("every answer is as documented, in major units, of the shown book alone", async () => {
  const answers = new Map<string, unknown>();
  for (const { path, answer, media } of moneyEndpoints) {
    const response = await ask(path);
    expect([path, response.status]).toEqual([path, 200]);
    const body: unknown = media === undefined ? await response.json() : await response.text();
    expect(answer.parse(body)).toEqual(body);
    answers.set(path.split("/").at(-1) ?? "", body);
  }
  expect(answers.get("history")).toMatchObject({
    base: "USD",
    days: [
      { day: "2026-11-15", value: 0, paidIn: 0 },
      { day: "2026-11-16", value: 1_000, cash: 799.5, paidIn: 1_000, timeWeighted: 0 },
      { day: "2026-11-17", value: 1_019.5, timeWeighted: expect.closeTo(0.0195, 12) },
    ],
  });
  expect(answers.get("analytics")).toMatchObject({
    performance: { timeWeighted: expect.closeTo(0.0195, 12) },
    stocks: [{ key: "AAPL", gain: 19.5, ownReturn: expect.closeTo(220 / 200.5 - 1, 12) }],
    regions: [{ key: "US" }],
    industries: [{ key: "Technology" }],
  });
  expect(answers.get("gains")).toMatchObject({
    total: { gain: 19.5, price: 19.5 },
    stocks: [{ value: 220, cost: 200.5 }],
  });
  expect(answers.get("cash-breakdown")).toEqual({
    cash: [{ currency: "USD", booked: 799.5, broker: null, byKind: { opening: 1_000, buy: -200.5 } }],
  });
  expect(answers.get("transactions")).toMatchObject({
    transactions: [{ id: "f1", amount: -200.5 }, { amount: 1_000 }],
  });
  expect(answers.get("export.json")).toMatchObject({
    version: 1,
    book: "b",
    days: [{ cash: { USD: 799.5 }, splits: { AAPL: "2026-11-16T14:30:00.000Z" } }, {}],
  });
});

test("the CSV comes as a file, and no cell is a formula", async () => {
  const response = await ask("/api/export.csv");
  expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  expect(response.headers.get("content-disposition")).toBe('attachment; filename="export.csv"');
  expect((await response.text()).split("\r\n")[2]).toBe(
    "2026-11-16T00:00:00.000Z,buy,AAPL,2,100.25,USD,-200.50,,,1,'=FILL,f1",
  );
});

test("the portfolio's page says which return is which, and shows no amount to a stranger", async () => {
  const text = await (await ask("/portfolio")).text();
  expect(text).toMatch(/time-weighted: how the holdings did[^]*2\.0%/);
  expect(text).toMatch(/in all[^]*\$19\.50/);
  expect(text).toMatch(/Cash[^]*USD[^]*\$799\.50[^]*unknown/);
  const stranger = await webRoutes(desk()).request("/portfolio", {}, from("192.168.1.7"));
  expect(await stranger.text()).not.toContain("19.50");
});

test("books in euros are shown with the sign of the euro, whatever the account's currency is", async () => {
  const rows = memoryRows();
  addMovements(rows.db, "", [{ ...movement, currency: "EUR", minor: -12_345 }]);
  for (const [at, cash] of [
    [monday, 100_000],
    [tuesday, 101_950],
  ] as const) {
    writeAccountDay(rows.db, "", { dayMs: at, base: "EUR", held: {}, prices: {}, cash: { EUR: cash }, rates: {} });
  }
  const given = fakeDesk({ rows });
  const primary = given.open();
  if (primary === null) throw new Error("no ledger");
  const [position] = ledgerView.positions;
  if (position === undefined) throw new Error("nothing is held");
  const inDollars = {
    ...ledgerView,
    base: "EUR",
    positions: [{ ...position, valueBase: 2_200 }],
    cashBase: 77_800,
    equityBase: 80_000,
    own: { currency: "USD", equity: 100_000 },
  };
  const open = { ...primary, money: () => moneyView(rows.db, "EUR"), view: () => inDollars };
  const euros = webRoutes({ ...given, open: () => open });
  const text = await (await euros.request("/portfolio", {}, local)).text();
  expect(text).toMatch(/cash<[^]*€77,800\.00 \(\$97,250\.00\)/);
  expect(text).toMatch(/equity<[^]*€80,000\.00 \(\$100,000\.00\)/);
  expect(text).toMatch(/AAPL[^]*€2,200\.00[^]*\$110\.00[^]*\$100\.00/);
  expect(text).toMatch(/Value at the end of each day[^]*2026-11-17[^]*€1,019\.50[^]*2026-11-16[^]*€1,000\.00/);
  const stranger = await (await euros.request("/api/portfolio", {}, from("192.168.1.7"))).json();
  expect(stranger).toMatchObject({ base: "EUR", cash: [], cashBase: null, equityBase: null, own: null });
  expect(text).toMatch(/in all[^]*€/);
  expect(text).toContain("-€123.45");
  expect(text).not.toContain(" EUR<");
});

test("what cannot be told is a problem with its reason", async () => {
  const response = await webRoutes(fakeDesk()).request("/api/portfolio/gains", {}, local);
  expect([response.status, await response.json()]).toMatchObject([
    409,
    { detail: "It cannot be told: there is no day with prices yet." },
  ]);
});
