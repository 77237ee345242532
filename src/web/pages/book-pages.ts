import { html } from "hono/html";
import { percent } from "../../led/display.ts";
import type { AppStatus, ShownConsidered, StatusOrder } from "../status.ts";
import type { ShownTrading } from "../trading-status.ts";
import { actionsOf } from "./status-page.ts";
import { factList, money, page, quantity, table, type Frame, type Html } from "./layout.ts";
import { jobsTable, moneyFacts, positionsTable } from "./tables.ts";
import { tradingPart } from "./trading-part.ts";

const masked = ({ amountsShown }: Pick<AppStatus, "amountsShown">): Html =>
  amountsShown ? html`` : html`<p class="soft">Amounts are shown to whoever is logged in.</p>`;

/** What is held, and where amounts may be seen how the money did. */
export const portfolioPage = (status: AppStatus, howTheMoneyDid: Html, frame: Frame): Html =>
  page(
    "/portfolio",
    "Portfolio",
    frame,
    html`<h1>Portfolio</h1>
      ${factList([
        ["invested", status.investedShare === null ? "unknown" : percent(status.investedShare)],
        ...moneyFacts(status),
      ])}
      ${masked(status)} ${positionsTable(status)} ${howTheMoneyDid}`,
  );

/** The newest plan with its reasons, what was ordered by hand, those before it, and what holds trading back. */
export const planPage = (
  status: AppStatus,
  considered: ShownConsidered | null,
  trading: ShownTrading,
  byHand: Html,
  frame: Frame,
): Html =>
  page(
    "/plan",
    "Plan",
    frame,
    html`<h1>Plan</h1>
      ${actionsOf(status)} ${masked(status)} ${byHand} ${considered === null ? "" : consideredPart(considered)}
      ${tradingPart(trading, frame)}
      <h2>Before</h2>
      ${table(
        ["Slot", "State", "Why", { n: "Orders" }],
        status.plans
          .slice(1)
          .map(({ slot, status: state, reason, orders }) => [slot, state, reason, { n: String(orders.length) }]),
        "No plan before this one.",
      )}`,
  );

const consideredPart = ({ regions, industries, rejected, more }: ShownConsidered): Html =>
  html`<h2>Considered and rejected</h2>
    ${table(
      ["Stock", "Rule", "Why"],
      rejected.map(({ side, symbol, rule, why }) => [`${side} ${symbol}`, rule, why]),
      "Nothing was rejected.",
    )}
    ${more === 0 ? "" : html`<p class="soft">And ${more} more.</p>`}
    <h2>Before the plan</h2>
    ${table(
      ["Region or industry", { n: "Has" }, { n: "Target" }, ""],
      [...regions, ...industries].map(({ name, share, target, balanced }) => [
        name,
        { n: percent(share) },
        { n: percent(target) },
        balanced ? "in balance" : share < target ? "too little" : "too much",
      ]),
      "Nothing is known of it.",
    )}`;

/** The newest orders, each with its reason. */
export const ordersPage = (orders: readonly StatusOrder[], amountsShown: boolean, frame: Frame): Html =>
  page(
    "/orders",
    "Orders",
    frame,
    html`<h1>Orders</h1>
      ${table(
        ["Order", "", { n: "Share" }, { n: "Quantity" }, { n: "Filled" }, { n: "At" }, "State", "Why"],
        orders.map(
          ({ clientOrderId, side, symbol, share, qty, filledQty, currency, filledAvgPrice, state, reason }) => [
            html`<span class="soft">${clientOrderId}</span>`,
            `${side} ${symbol}`,
            { n: percent(share) },
            { n: quantity(qty) },
            { n: quantity(filledQty) },
            { n: money(filledAvgPrice, currency) },
            state,
            reason,
          ],
        ),
        "No orders yet.",
      )}
      ${masked({ amountsShown })}`,
  );

/** What runs when, and how it went. */
export const jobsPage = (
  status: AppStatus,
  jobs: readonly { readonly job: string; readonly failuresInHour: number }[],
  frame: Frame,
): Html =>
  page(
    "/jobs",
    "Jobs",
    frame,
    html`<h1>Jobs</h1>
      ${jobsTable(status)}
      <h2>Last runs</h2>
      ${table(
        ["Job", "Slot", "", "Node", "Outcome"],
        status.jobRuns.map(({ job, slot, status: state, node, epoch, outcome }) => [
          job,
          slot,
          html`<span class="${state === "failed" ? "bad" : ""}">${state}</span>`,
          html`<span class="soft">${node}, epoch ${epoch}</span>`,
          html`<span class="soft">${outcome ?? ""}</span>`,
        ]),
        "Nothing has run yet.",
      )}
      ${jobs
        .filter(({ failuresInHour }) => failuresInHour > 0)
        .map(
          ({ job, failuresInHour }) => html`<p class="bad">${job} failed ${failuresInHour} times in the last hour.</p>`,
        )}`,
  );
