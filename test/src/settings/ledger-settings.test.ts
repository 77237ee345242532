import { afterEach, expect, test } from "vitest";
import { LeaseOver } from "../../../src/app-ports.ts";
import { settings as rowsOf } from "../../../src/db/ledger-schema.ts";
import { cronOf, cronOfMinutes } from "../../../src/jobs/intervals.ts";
import { slotsBetween } from "../../../src/jobs/slots.ts";
import { LedgerSettings } from "../../../src/settings/ledger-settings.ts";
import { isAccepted, registry, settingOf } from "../../../src/settings/registry.ts";
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
  expect(await settings().put(scores, 60)).toEqual({ confirmed: true });
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

test("[HA-8] nothing is set once the lease may have ended", async () => {
  rows = { ...rows, guard: { ...rows.guard, check: leaseOver } };
  await expect(settings().put(scores, 60)).rejects.toThrow(LeaseOver);
  expect(settings().list()).not.toContainEqual(expect.objectContaining({ isDefault: false }));
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
