import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Ledger, openLedger } from "../../../src/db/ledger.ts";
import { settings } from "../../../src/db/ledger-schema.ts";
import { marketDefaults } from "../../../src/db/universe.ts";
import { defaultPlanning } from "../../../src/planning/settings.ts";
import { readPlanningSettings } from "../../../src/trading/planning-settings.ts";

let dir: string;
let ledger: Ledger;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-settings-"));
  ledger = openLedger(join(dir, "ledger.db"), 200, marketDefaults.yahoo);
});
afterEach(() => {
  ledger.close();
  rmSync(dir, { recursive: true, force: true });
});

const set = (key: string, value: string) =>
  ledger.db.insert(settings).values({ key, value }).onConflictDoUpdate({ target: settings.key, set: { value } }).run();

test("a new ledger of the real market has the defaults; a row counts from the next reading on", () => {
  expect(readPlanningSettings(ledger.db)).toEqual(defaultPlanning);
  set("planning.holdDaysMin", "30");
  set("planning.regions", '{"US": 0.6, "EU": 0.4}');
  set("display.token", "nobody's");
  expect(readPlanningSettings(ledger.db)).toEqual({
    ...defaultPlanning,
    holdDaysMin: 30,
    regions: { US: 0.6, EU: 0.4 },
  });
});

test("the ledger of the recorded market begins with settings that can be read", () => {
  const embedded = openLedger(join(dir, "embedded.db"), 200);
  expect(readPlanningSettings(embedded.db)).toMatchObject({ regions: { US: 1 }, holdDaysMin: 2, cashReserveEur: 500 });
  embedded.close();
});

test.each([
  ["planning.holdDaysMin", "-1", /^setting planning\.holdDaysMin: .*>=0.*; give it another value, or delete the row/],
  ["planning.tradesMax", "6", /^setting planning\.tradesMax: .*<=5/],
  ["planning.tradesMax", "1.5", /^setting planning\.tradesMax: /],
  ["planning.scoreMin", '"high"', /^setting planning\.scoreMin: .*expected number/],
  ["planning.lossMax", "twenty", /^setting planning\.lossMax: twenty is no JSON; numbers are written as 0\.05/],
  ["planning.regions", '{"EU": 50}', /^setting planning\.regions\.EU: /],
  ["planning.regions", '{"EU": 0}', /^setting planning\.regions: at least one share above 0 is needed/],
  ["planning.minHold", "90", /^setting planning\.minHold: Unrecognized key/],
  ["planning.misplacedCost", "0.004", /^setting planning\.misplacedCost: must be above costFraction/],
])("%s = %s is one clear error that names it", (key, value, error) => {
  set(key, value);
  expect(() => readPlanningSettings(ledger.db)).toThrow(error);
});
