import { html } from "hono/html";
import { percent } from "../../led/display.ts";
import type { AppStatus, StatusOrder } from "../status.ts";
import { money, quantity, table, type Html } from "./layout.ts";

/** Cash and equity for whoever may see them: in the base currency, and in the account's own beside it. */
export function moneyFacts(status: Pick<AppStatus, "base" | "cash" | "cashBase" | "equityBase" | "own">) {
  const { base, cash, cashBase, equityBase, own } = status;
  const others = cash.some(({ currency }) => currency !== base)
    ? ` (${cash.map(({ currency, amount }) => money(amount, currency)).join(", ")})`
    : "";
  const beside = own === null ? "" : ` (${money(own.equity, own.currency)})`;
  return [
    ...(cashBase === null ? [] : [["cash", `${money(cashBase, base)}${others}`] as const]),
    ...(equityBase === null ? [] : [["equity", `${money(equityBase, base)}${beside}`] as const]),
  ];
}

/** Everything that is held, with its part of the whole. */
export const positionsTable = ({ base, positions }: Pick<AppStatus, "base" | "positions">): Html =>
  table(
    ["Stock", { n: "Share" }, { n: "Value" }, { n: "Quantity" }, { n: "Price" }, { n: "Paid" }],
    positions.map(({ symbol, share, qty, currency, price, avgPrice, valueBase }) => [
      symbol,
      { n: percent(share) },
      { n: money(valueBase, base) },
      { n: quantity(qty) },
      { n: money(price, currency) },
      { n: money(avgPrice, currency) },
    ]),
    "Nothing is held.",
  );

/** The orders of these plans. */
export const ordersTable = ({ plans }: Pick<AppStatus, "plans">): Html =>
  table(
    ["Slot", "Order", "State", { n: "Filled at" }, "Planned by"],
    plans.flatMap(({ slot, node, epoch, orders }) =>
      orders.map((order) => [
        slot,
        orderText(order),
        order.state,
        { n: money(order.filledAvgPrice, order.currency) },
        html`<span class="soft">${node}, epoch ${epoch}</span>`,
      ]),
    ),
    "No orders yet.",
  );

const orderText = ({ side, qty, symbol, share }: StatusOrder): string =>
  [side === "buy" ? "Buy" : "Sell", qty ?? "", symbol, share > 0 ? percent(share) : ""]
    .filter((word) => word !== "")
    .join(" ");

/** What each job did last and does next. */
export const jobsTable = ({ nextRuns, jobRuns }: Pick<AppStatus, "nextRuns" | "jobRuns">): Html =>
  table(
    ["Job", "Next", "Last", "", "Outcome"],
    nextRuns.map(({ job, slot }) => {
      const last = jobRuns.find((run) => run.job === job);
      return [
        job,
        slot,
        last?.slot ?? "never",
        html`<span class="${last?.status === "failed" ? "bad" : ""}">${last?.status ?? ""}</span>`,
        html`<span class="soft">${last?.outcome ?? ""}</span>`,
      ];
    }),
    "No jobs.",
  );
