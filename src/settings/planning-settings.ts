import { defaultPlanning, TRADES_A_CYCLE_MAX, type PlanningSettings } from "../planning/settings.ts";
import type { Accepted, Setting, SettingContent } from "./registry.ts";

const of = (unit: string, accepts: Accepted): Pick<Setting, "unit" | "accepts"> => ({ unit, accepts });
const number = (min: number, max: number, whole = false): Accepted => ({ kind: "number", min, max, whole });
const share = of("fraction", number(0, 1));
const days = of("days", number(0, 3_650));
const amount = of("base currency", number(0, 1e9));
const shares = of("shares by name", { kind: "shares" });

const described: Readonly<Record<keyof PlanningSettings, Pick<Setting, "unit" | "accepts"> & { about: string }>> = {
  regions: { ...shares, about: "How the portfolio is divided between regions; the sum counts as all of it." },
  industries: { ...shares, about: "How the portfolio is divided between industries; the sum counts as all of it." },
  balancedWithin: { ...share, about: "A region or industry that is no further off its target counts as balanced." },
  positionMax: { ...share, about: "No stock is to have more of the portfolio." },
  groupSlack: { ...share, about: "How far above its target a purchase may take a region or industry." },
  scorePower: { ...of("power", number(0, 10)), about: "How strongly a better score raises a stock's share." },
  scoreMin: { ...share, about: "Nothing is bought that scores less, by itself or in the portfolio." },
  confidenceMin: { ...share, about: "Nothing is bought whose score by itself is known less well." },
  priceToHighMax: {
    ...of("fraction", number(0.01, 2)),
    about: "Nothing is bought at this part of its highest close of 52 weeks or above.",
  },
  averagingQualityMin: { ...share, about: "What has lost more than lossMax is bought only with this quality." },
  driftMin: { ...share, about: "A gap of less than this part of the portfolio is left alone." },
  tradesMax: {
    ...of("trades", number(1, TRADES_A_CYCLE_MAX, true)),
    about: "How many orders a plan may have.",
  },
  costFixedEur: { ...amount, about: "What a trade costs whatever its size." },
  costFraction: { ...share, about: "What a trade costs besides, as part of its value." },
  conversionFraction: { ...share, about: "What changing money into another currency costs." },
  conversionBuffer: { ...share, about: "Cash that a purchase in another currency sets aside beyond its price." },
  misplacedCost: {
    ...share,
    about: "What money out of place is taken to cost; above the costs of a trade and a conversion together.",
  },
  sellMinEur: { ...amount, about: "Nothing is sold for less." },
  cashReserveEur: { ...amount, about: "Cash that is never spent." },
  buyCoolOffDays: { ...days, about: "For so long a stock that was bought is not bought again." },
  sellCoolOffDays: { ...days, about: "For so long a stock that was sold is not sold again." },
  holdDaysMin: { ...days, about: "For so long a stock that was bought is not sold." },
  lossMax: { ...share, about: "What has lost more is not sold." },
  sellShareBase: { ...share, about: "The part of a holding that is sold at once, whatever its sell score." },
  sellShareByScore: { ...share, about: "The part of a holding that the whole sell score adds to that." },
  sellShareMax: { ...share, about: "The most of a holding that is sold at once." },
};

const defaults: Readonly<Record<string, SettingContent>> = defaultPlanning;

/** What the owner wants of plans; `src/trading/planning-settings.ts` reads them, and judges them as a whole. */
export const planningSettings: readonly Setting[] = Object.entries(described).flatMap(([field, setting]) => {
  const byDefault = defaults[field];
  return byDefault === undefined ? [] : [{ key: `planning.${field}`, ...setting, byDefault }];
});
