import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomFrom } from "../bench/machine.ts";
import { eventually, runs } from "./demo-process.ts";
import { killQuietly, Pair, pass } from "./pair.ts";
import { journalViolations, slotViolations } from "./pair-checks.ts";
import { backInSync } from "./pair-rounds.ts";
import { type Books, booksOf, differences } from "./month-checks.ts";

/** In the replayed market a slot is a trading day: so many are a month. */
const MONTH_SLOTS = 21;
const POINTS = [
  "plan written",
  "plan confirmed",
  "before the call",
  "inside the call",
  "after the call",
  "before the outcome is written",
  "after the outcome is written",
] as const;
/** TRADER_MONTH=full: at least 50 kills for each exchange; otherwise what the gate has time for. */
const full = process.env["TRADER_MONTH"] === "full";
const ROUNDS = full ? 5 : 1;
const WHOLE_KILLS = full ? 10 : 2;
const RANDOM_KILLS = full ? 10 : 2;
const READY_LIMIT_MS = 120_000;
const MONTH_LIMIT_MS = full ? 900_000 : 240_000;
/** A point is passed once in a slot of four seconds that has something to trade. */
const POINT_LIMIT_MS = 30_000;
const SETTLED_LIMIT_MS = 60_000;
const hook = fileURLToPath(new URL("fixtures/kill-hook.js", import.meta.url));

const exchanges = [
  { exchange: "an exchange that refuses no order id", args: ["--seed", "52", "--accept-duplicates"] },
  { exchange: "an exchange that refuses a used order id", args: ["--seed", "51"] },
];

describe.each(full ? exchanges : exchanges.slice(0, 1))("a month of the market, with $exchange", ({ args }) => {
  let pair: Pair;
  let folder: string;
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "trader-month-"));
    env = { NODE_OPTIONS: `--import ${hook}`, TRADER_KILL_FILE: join(folder, "point") };
    pair = await Pair.start(["--preset", "fast", ...args], env);
  }, READY_LIMIT_MS);
  afterAll(async () => {
    await pair?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The app of the primary dies at this point; its agent starts another one, which goes on. */
  async function killAt(point: string): Promise<void> {
    const file = join(folder, "point");
    writeFileSync(file, point);
    await eventually(`the app dies at: ${point}`, POINT_LIMIT_MS, () => !existsSync(file));
  }

  async function killAppNow(): Promise<void> {
    const primary = await pair.primary();
    const { app } = (await pair.health(primary)).pids;
    if (app === null) return;
    killQuietly(app);
    await eventually("the app is dead", 10_000, () => !runs(app));
  }

  async function killNode(): Promise<void> {
    const { primary, standby } = await pair.protected();
    await pair.killWhole(primary);
    pair.start(primary, env);
    const leads = await pair.primary();
    await backInSync(leads === primary ? standby : primary, leads);
  }

  test(
    "whoever is killed where: the exchange's book is the ledger, one intention for each place, no slot lost, cash to the cent",
    async () => {
      const random = randomFrom(full ? Date.now() : 7);
      const kills: Record<string, number> = {};
      const count = (what: string): void => void (kills[what] = (kills[what] ?? 0) + 1);
      const acts: (() => Promise<void>)[] = [
        ...Array.from({ length: ROUNDS }, () => POINTS)
          .flat()
          .map((point) => async () => (await killAt(point), count(point))),
        ...Array.from({ length: WHOLE_KILLS }, () => async () => (await killNode(), count("whole node"))),
        ...Array.from({ length: RANDOM_KILLS }, () => async () => {
          await pass(random() * 3_000);
          await killAppNow();
          count("any moment");
        }),
      ];
      const shuffled = acts.map((act) => ({ act, at: random() })).toSorted((a, b) => a.at - b.at);
      for (const { act } of shuffled) await act();
      const killed = Object.values(kills).reduce((sum, times) => sum + times, 0);

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
      console.log(`${killed} kills ${JSON.stringify(kills)}; ${slots} slots, ${intents.length} orders`);
      expect([...wrong, ...(await journalViolations(pair)), ...(await slotViolations(primary))]).toEqual([]);
      expect(kills).toMatchObject(Object.fromEntries(POINTS.map((point) => [point, ROUNDS])));
      expect(intents.length).toBeGreaterThan(5);
    },
    MONTH_LIMIT_MS,
  );
});
