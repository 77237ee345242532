import { afterEach, expect, test } from "vitest";
import { LeaseOver } from "../../../src/app-ports.ts";
import { settings as rowsOf } from "../../../src/db/ledger-schema.ts";
import { cronOf, cronOfMinutes } from "../../../src/jobs/intervals.ts";
import { slotsBetween } from "../../../src/jobs/slots.ts";
import { defaultPlanning } from "../../../src/planning/settings.ts";
import { LedgerSettings } from "../../../src/settings/ledger-settings.ts";
import {
  isAccepted,
  parseText,
  registry,
  settingOf,
  textOf,
  type SettingContent,
} from "../../../src/settings/registry.ts";
import { readPlanningSettings } from "../../../src/trading/planning-settings.ts";
import { memoryRows } from "../web/desk-fixture.ts";

let rows = memoryRows();
let changes = 0;
afterEach(() => {
  rows = memoryRows();
  changes = 0;
});
const settings = () => new LedgerSettings(rows, () => changes++);
const leaseOver = () => {
  throw new LeaseOver("over");
};
const scores = settingOf("jobs.scoreMinutes") ?? expect.fail();

test("every setting accepts its own default, and says in a sentence what it does", () => {
  expect(registry.length).toBeGreaterThan(4);
  for (const setting of registry) {
    expect(isAccepted(setting, setting.byDefault), setting.key).toBe(true);
    expect(setting.about, setting.key).toMatch(/^[A-Z].*\.$/);
  }
});

test("a value that is set counts at once, for whoever reads this ledger, and null goes back to the default", async () => {
  const job = { name: "score-refresh", cron: "0 0 1 1 *" };
  expect(cronOf(rows.db, job)).toBe("*/30 * * * *");
  expect(await settings().put(scores, 60)).toEqual({ kind: "set", confirmed: true });
  expect([cronOf(rows.db, job), changes]).toEqual(["0 */1 * * *", 1]);
  expect(
    settings()
      .list()
      .find(({ setting }) => setting === scores),
  ).toMatchObject({ value: 60, isDefault: false });
  await settings().put(scores, null);
  expect(cronOf(rows.db, job)).toBe("*/30 * * * *");
});

test("what this version cannot take counts as not said, and shows", () => {
  rows.db.insert(rowsOf).values({ key: scores.key, value: "7" }).run();
  expect(
    settings()
      .list()
      .find(({ setting }) => setting === scores),
  ).toMatchObject({ value: 30, unusable: "7" });
});

const put = (field: string, value: SettingContent) =>
  settings().put(settingOf(`planning.${field}`) ?? expect.fail(), value);

test("the settings of plans are judged as a whole: what does not go together is not written", async () => {
  rows.db.delete(rowsOf).run();
  const refused = { kind: "refused", reason: expect.stringContaining("misplacedCost") };
  expect(await put("misplacedCost", 0.003)).toEqual(refused);
  expect([readPlanningSettings(rows.db), changes]).toEqual([defaultPlanning, 0]);
  expect(await put("costFraction", 0.0005)).toMatchObject({ kind: "set" });
  expect(await put("misplacedCost", 0.003)).toMatchObject({ kind: "set" });
  expect(await put("regions", { EU: 0.6, US: 0.4 })).toMatchObject({ kind: "set" });
  expect(readPlanningSettings(rows.db)).toMatchObject({ misplacedCost: 0.003, regions: { EU: 0.6, US: 0.4 } });
});

test("every setting of plans is here, with its default, within bounds that plans take too", async () => {
  rows.db.delete(rowsOf).run();
  const planning = registry.filter(({ key }) => key.startsWith("planning."));
  expect(Object.fromEntries(planning.map(({ key, byDefault }) => [key.slice(9), byDefault]))).toEqual(defaultPlanning);
  for (const setting of planning) {
    const { accepts, key } = setting;
    if (accepts.kind !== "number") continue;
    const outcomes = await Promise.all([accepts.min, accepts.max].map((value) => settings().put(setting, value)));
    // An end of its bounds may not go together with the others, but one of the two does.
    expect(
      outcomes.some(({ kind }) => kind === "set"),
      key,
    ).toBe(true);
    await settings().put(setting, null);
  }
});

test("shares are read as they are shown", () => {
  const regions = settingOf("planning.regions") ?? expect.fail();
  expect(parseText(regions, textOf({ EU: 0.5, "North America": 0.25 }))).toEqual({ EU: 0.5, "North America": 0.25 });
  for (const text of ["", "EU", "EU 0.5,", "0.5"])
    expect(isAccepted(regions, parseText(regions, text)), text).toBe(false);
  for (const value of [{}, { EU: 0 }, { EU: 2 }, { EU: -1 }, { "<b>": 1 }, [1], null, 1]) {
    expect(isAccepted(regions, value), JSON.stringify(value)).toBe(false);
  }
});

test("[HA-8] nothing is set once the lease may have ended", async () => {
  rows = { ...rows, guard: { ...rows.guard, check: leaseOver } };
  await expect(settings().put(scores, 60)).rejects.toThrow(LeaseOver);
  expect(settings().list()).toContainEqual({ setting: scores, value: 30, isDefault: true, unusable: null });
  expect(changes).toBe(0);
});

test("every interval has slots that far apart all day, the hour and midnight among them", () => {
  const day = Date.UTC(2026, 10, 22);
  const every = registry.flatMap(({ accepts }) => (accepts.kind === "choice" ? accepts.of : []));
  expect(every.length).toBeGreaterThan(20);
  for (const minutes of new Set(every)) {
    const slots = slotsBetween(cronOfMinutes(minutes), day - 1, day + 86_400_000, 2_000);
    const expected = Array.from({ length: 1_440 / minutes + 1 }, (_, n) => day + n * minutes * 60_000);
    expect(slots, `${minutes}`).toEqual(expected);
  }
});
