import { html } from "hono/html";
import { type Currency, toMajor } from "../../analytics/money/amount.ts";
import type { MoneyView } from "../../money-view.ts";
import { percent } from "../../led/display.ts";
import { factList, money as moneyText, table, type Html } from "./layout.ts";

/** Days that returns are shown for. */
const daysShown = 365;
/** Days whose value is listed. */
const daysListed = 90;

/** How the money did, for whoever may see amounts: both returns with what they say, gains by source, and the exports. */
export function moneySection(money: MoneyView): Html {
  const [analytics, gains, history] = [money.analytics(daysShown), money.gains(), money.history(daysListed)];
  const amount = (minor: number): string => signed(minor, money.base);
  return html`<h2>How the money did</h2>
    ${
      analytics.kind === "unknown"
        ? html`<p class="soft">No returns yet: ${analytics.reason}.</p>`
        : factList(returnsOf(analytics.value.performance))
    }
    ${
      gains.kind === "unknown"
        ? html`<p class="soft">No gains yet: ${gains.reason}.</p>`
        : table(
            ["Gain since the beginning", { n: "" }],
            [
              ["prices", { n: amount(gains.value.split.priceMinor) }],
              ["exchange rates", { n: amount(gains.value.split.fxMinor + gains.value.split.cashFxMinor) }],
              ["dividends", { n: amount(gains.value.split.dividendsMinor) }],
              ["fees and taxes", { n: amount(gains.value.split.feesMinor + gains.value.split.taxesMinor) }],
              ["interest and others", { n: amount(gains.value.split.otherMinor) }],
              ["in all", { n: amount(gains.value.split.gainMinor) }],
            ],
            "",
          )
    }
    ${table(
      ["Cash", { n: "By its movements" }, { n: "By the broker" }],
      money
        .cash()
        .map(({ currency, bookMinor, brokerMinor }) => [
          currency,
          { n: signed(bookMinor, currency) },
          { n: brokerMinor === null ? "unknown" : signed(brokerMinor, currency) },
        ]),
      "No movement of cash is known yet.",
    )}
    <h2>Value at the end of each day</h2>
    ${
      history.kind === "unknown"
        ? html`<p class="soft">No day can be valued: ${history.reason}.</p>`
        : table(
            ["Day", { n: "Equity" }, { n: "Cash" }, { n: "Paid in" }],
            history.value
              .toReversed()
              .map(({ dayMs, totalMinor, cashMinor, flowMinor }) => [
                new Date(dayMs).toISOString().slice(0, 10),
                { n: amount(totalMinor) },
                { n: amount(cashMinor) },
                { n: flowMinor === 0 ? "" : amount(flowMinor) },
              ]),
            "No day has been recorded yet.",
          )
    }
    <p class="soft">
      Everything to take away: <a href="/api/export.csv">CSV</a>, <a href="/api/export.json">JSON</a>.
    </p>`;
}

type Performance = Extract<ReturnType<MoneyView["analytics"]>, { kind: "known" }>["value"]["performance"];

const returnsOf = (found: Performance): readonly (readonly [string, string])[] => [
  ["time-weighted: how the holdings did, whatever was paid in", shown(found.timeWeighted)],
  [
    "money-weighted, a year: how your money did, with when it was paid in",
    found.moneyWeightedReason ?? shown(found.moneyWeightedAnnual),
  ],
  ["all stocks in equal parts", shown(found.benchmark?.timeWeighted ?? null)],
  ["deepest fall", shown(found.maxDrawdown)],
];

/** With the currency's own sign. */
const signed = (minor: number, currency: Currency): string => moneyText(toMajor(minor, currency), currency);

const shown = (fraction: number | null): string => (fraction === null ? "not known yet" : percent(fraction));
