import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { randomFrom } from "../bench/machine.ts";
import { eventually } from "./demo-process.ts";
import { Kills, POINTS } from "./month-kills.ts";
import { Pair } from "./pair.ts";
import { journalViolations, slotViolations } from "./pair-checks.ts";
import { type Books, booksOf, differences } from "./month-checks.ts";

/** In the replayed market a slot is a trading day: so many are a month. */
const MONTH_SLOTS = 21;
/** TRADER_MONTH=full: twice the deaths, at other moments each time, and with both exchanges. */
const full = process.env["TRADER_MONTH"] === "full";
const wanted = full ? { deaths: 100, atEachPoint: 5, wholeNodes: 15 } : { deaths: 50, atEachPoint: 2, wholeNodes: 5 };
const READY_LIMIT_MS = 120_000;
const MONTH_LIMIT_MS = full ? 900_000 : 400_000;
/** What may have been sent counts as absent after twenty seconds of looking by one and the same app. */
const SETTLED_LIMIT_MS = 90_000;

const exchanges = [
  { exchange: "an exchange that refuses no order id", args: ["--seed", "52", "--accept-duplicates"] },
  { exchange: "an exchange that refuses a used order id", args: ["--seed", "51"] },
];

describe.each(full ? exchanges : exchanges.slice(0, 1))("a month of the market, with $exchange", ({ args }) => {
  let pair: Pair;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "trader-month-"));
    pair = await Pair.start(["--preset", "fast", ...args], Kills.env(folder));
  }, READY_LIMIT_MS);
  afterAll(async () => {
    await pair?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(({ task }) => {
    if (task.result?.state === "fail") console.log(pair.logTails());
  });

  test(
    `${wanted.deaths} deaths of apps and whole nodes at each point and at any moment: the exchange's book is the ledger, one intention for each place, no slot lost, cash to the cent`,
    async () => {
      const beganMs = performance.now();
      const kills = new Kills(pair, folder, randomFrom(full ? Date.now() : 7));
      await kills.until(wanted);
      const killedMs = performance.now();

      const { primary } = await pair.protected();
      await eventually("a month has passed", MONTH_LIMIT_MS, () => booksOf(primary).slots >= MONTH_SLOTS);
      let wrong: string[] = [];
      let books: Books = booksOf(primary);
      await eventually("the books agree", SETTLED_LIMIT_MS, async () => {
        books = booksOf(primary);
        wrong = await differences(pair.line.exchange.port, books);
        return wrong.length === 0;
      }).catch(() => undefined);
      const { intents, slots } = books;
      const seconds = [killedMs, performance.now()].map((ms) => `${Math.round((ms - beganMs) / 1_000)} s`).join(" of ");
      console.log(
        `${kills.deaths} deaths in ${seconds} ${JSON.stringify(kills.counts)}; ${slots} slots, ${intents.length} orders`,
      );
      expect([...wrong, ...(await journalViolations(pair)), ...(await slotViolations(primary))]).toEqual([]);
      expect(kills.deaths).toBeGreaterThanOrEqual(wanted.deaths);
      expect(kills.wholeNodes).toBeGreaterThanOrEqual(wanted.wholeNodes);
      expect(POINTS.filter((point) => kills.at(point) < wanted.atEachPoint)).toEqual([]);
      expect(intents.length).toBeGreaterThan(5);
    },
    MONTH_LIMIT_MS,
  );
});
