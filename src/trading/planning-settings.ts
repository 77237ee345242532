import { z } from "zod";
import { like } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { settings as settingsTable } from "../db/ledger-schema.ts";
import { type PlanningSettings, TRADES_A_CYCLE_MAX, defaultPlanning } from "../planning/settings.ts";

const PREFIX = "planning.";

const share = z.number().min(0).max(1);
const amountEur = z.number().min(0).max(1e9);
const days = z.number().min(0).max(3_650);
const shares = z
  .record(z.string().min(1).max(40), share)
  .refine((all) => Object.values(all).some((value) => value > 0), "at least one share above 0 is needed")
  .refine((all) => Object.keys(all).length <= 50, "at most 50 names");

/** What each setting may be; a value that is absent is the default. */
const fields = {
  regions: shares,
  industries: shares,
  balancedWithin: share,
  positionMax: share.gt(0),
  groupSlack: share,
  scorePower: z.number().min(0).max(10),
  scoreMin: share,
  confidenceMin: share,
  priceToHighMax: z.number().gt(0).max(2),
  averagingQualityMin: share,
  driftMin: share,
  tradesMax: z.number().int().min(1).max(TRADES_A_CYCLE_MAX),
  costFixedEur: amountEur,
  costFraction: share,
  conversionFraction: share,
  conversionBuffer: share,
  misplacedCost: share,
  sellMinEur: amountEur,
  cashReserveEur: amountEur,
  buyCoolOffDays: days,
  sellCoolOffDays: days,
  holdDaysMin: days,
  lossMax: share,
  sellShareBase: share,
  sellShareByScore: share,
  sellShareMax: share,
} satisfies { readonly [field in keyof PlanningSettings]: z.ZodType<PlanningSettings[field]> };

const schema = z
  .strictObject(fields)
  .refine(({ misplacedCost, costFraction, conversionFraction }) => misplacedCost > costFraction + conversionFraction, {
    path: ["misplacedCost"],
    message: "must be above costFraction and conversionFraction together: otherwise no trade is ever worth its cost",
  });

/**
 * The owner's settings as the ledger has them now: rows `planning.<field>` with JSON values over the defaults. Throws an
 * Error that names the row and what it may be. Nothing is kept: whoever plans reads them in the transaction of the plan.
 */
export function readPlanningSettings(db: LedgerDb): PlanningSettings {
  const rows = db
    .select()
    .from(settingsTable)
    .where(like(settingsTable.key, `${PREFIX}%`))
    .all();
  const given = Object.fromEntries(rows.map(({ key, value }) => [key.slice(PREFIX.length), parsed(key, value)]));
  const result = schema.safeParse({ ...defaultPlanning, ...given });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.code === "unrecognized_keys" ? issue.keys[0] : issue?.path.join(".");
  const remedy = `give it another value, or delete the row for the default`;
  throw new Error(`setting ${PREFIX}${field}: ${issue?.message ?? "cannot be read"}; ${remedy}`);
}

function parsed(key: string, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch (error) {
    throw new Error(`setting ${key}: ${value} is no JSON; numbers are written as 0.05, shares as {"EU": 0.5}`, {
      cause: error,
    });
  }
}
