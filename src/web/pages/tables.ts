import { html } from "hono/html";
import { percent } from "../../led/display.ts";
import type { AppStatus, StatusOrder } from "../status.ts";
import { money, quantity, table, type Html } from "./layout.ts";

const currency = "USD";
/** An amount in the currency of the account. */
export const cash = (amount: number | null): string => money(amount, currency);

/** Everything that is held, with its part of the whole. */
export const positionsTable = ({ positions }: Pick<AppStatus, "positions">): Html =>
  table(
    ["Stock", { n: "Share" }, { n: "Quantity" }, { n: "Price" }, { n: "Paid" }],
    positions.map(({ symbol, share, qty, priceUsd, avgPriceUsd }) => [
      symbol,
      { n: percent(share) },
      { n: quantity(qty) },
      { n: cash(priceUsd) },
      { n: cash(avgPriceUsd) },
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
        { n: cash(order.filledAvgPrice) },
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
