import { html } from "hono/html";
import { percent } from "../led/display.ts";
import type { AppStatus, StatusOrder } from "./status.ts";

type Html = ReturnType<typeof html>;

const style = `
  :root { color-scheme: light dark; --line: #8884; --soft: #888; --good: #1a7f37; --bad: #cf222e; }
  @media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #ff7b72; } }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
  h1 { font-size: 1.25rem; margin: 0 0 .25rem } h2 { font-size: 1rem; margin: 1.5rem 0 .25rem }
  .facts { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0 } .facts div { white-space: nowrap }
  dt { display: inline; color: var(--soft) } dd { display: inline; margin: 0 0 0 .35em; font-weight: 600 }
  .scroll { overflow-x: auto } table { border-collapse: collapse; width: 100% }
  td, th { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
  th { color: var(--soft); font-weight: 400 } .n { text-align: right; font-variant-numeric: tabular-nums }
  .good { color: var(--good) } .bad { color: var(--bad) } .soft, footer { color: var(--soft) }`;

/** The whole page of a primary; plain HTML that asks again every five seconds. */
export const statusPage = (status: AppStatus): Html =>
  page(
    status.node,
    html`<h1>${status.node} <span class="good">leads</span></h1>
      ${factsOf(status)}
      <p class="soft">${status.limits}</p>
      ${status.reasons.map((reason) => html`<p class="bad">${reason}</p>`)}
      <h2>Next actions</h2>
      ${actionsOf(status)}
      <h2>Positions</h2>
      ${positionsOf(status)}
      <h2>Orders</h2>
      ${ordersOf(status)}
      <h2>Jobs</h2>
      ${jobsOf(status)}
      <footer>
        <p>
          ${status.equityUsd === null ? "Amounts are shown on the machine itself only. " : ""}App time
          ${status.appTime}.
        </p>
      </footer>`,
  );

/** The page of a node that knows no primary that answers. */
export const absentPage = (facts: {
  readonly node: string;
  readonly role: string;
  readonly epoch: number;
  readonly reason: string;
  readonly reasons: readonly string[];
}): Html =>
  page(
    facts.node,
    html`<h1>${facts.node} <span class="bad">has no primary to ask</span></h1>
      <p>${facts.reason}. Nothing is traded by this node; it is a ${facts.role} at epoch ${facts.epoch}.</p>
      ${facts.reasons.map((reason) => html`<p>${reason}</p>`)}
      <footer><p>This page asks again every five seconds.</p></footer>`,
  );

const page = (title: string, body: Html): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="refresh" content="5" />
        <title>${title} · Arduino Trader</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        ${body}
      </body>
    </html>`;

function factsOf(status: AppStatus): Html {
  const confirm = status.lastConfirm;
  const facts: readonly (readonly [string, string])[] = [
    ["role", status.role],
    ["epoch", String(status.epoch)],
    ["protection", status.protection],
    ...(status.maintenance ? [["maintenance", "on"] as const] : []),
    ["in sync", status.inSync.join(", ") || "nobody"],
    ["lag", confirm ? `${confirm.outcome} in ${confirm.tookMs.toFixed(0)} ms` : "nothing confirmed yet"],
    ["invested", status.investedShare === null ? "unknown" : percent(status.investedShare)],
    ...(status.cashUsd === null ? [] : [["cash", usd(status.cashUsd)] as const]),
    ...(status.equityUsd === null ? [] : [["equity", usd(status.equityUsd)] as const]),
  ];
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function actionsOf(status: AppStatus): Html {
  const plan = status.plans[0];
  if (!plan) return html`<p class="soft">No plan yet.</p>`;
  return html`<p>${plan.reason} <span class="soft">(${plan.slot}, ${plan.status})</span></p>
    ${plan.orders.map((order) => html`<p>${order.reason} <span class="soft">${order.state}</span></p>`)}`;
}

const actionText = (order: StatusOrder): string =>
  `${order.side === "buy" ? "Buy" : "Sell"} ${order.qty ?? ""} ${order.symbol} ${order.share > 0 ? percent(order.share) : ""}`
    .replaceAll(/ +/g, " ")
    .trim();

function positionsOf(status: AppStatus): Html {
  const rows = status.positions.map(
    (row) =>
      html`<tr>
        <td>${row.symbol}</td>
        <td class="n">${percent(row.share)}</td>
        <td class="n">${row.qty ?? ""}</td>
        <td class="n">${row.priceUsd === null ? "" : usd(row.priceUsd)}</td>
        <td class="n">${row.avgPriceUsd === null ? "" : usd(row.avgPriceUsd)}</td>
      </tr>`,
  );
  return table(["Stock", "Share", "Quantity", "Price", "Paid"], rows, "Nothing is held.");
}

function ordersOf(status: AppStatus): Html {
  const rows = status.plans.flatMap((plan) =>
    plan.orders.map(
      (order) =>
        html`<tr>
          <td>${plan.slot}</td>
          <td>${actionText(order)}</td>
          <td>${order.state}</td>
          <td class="n">${order.filledAvgPriceUsd === null ? "" : usd(order.filledAvgPriceUsd)}</td>
          <td class="soft">${plan.node}, epoch ${plan.epoch}</td>
        </tr>`,
    ),
  );
  return table(["Slot", "Order", "State", "Filled at", "Planned by"], rows, "No orders yet.");
}

function jobsOf(status: AppStatus): Html {
  const rows = status.nextRuns.map((next) => {
    const last = status.jobRuns.find((run) => run.job === next.job);
    return html`<tr>
      <td>${next.job}</td>
      <td>${next.slot}</td>
      <td>${last?.slot ?? "never"}</td>
      <td class="${last?.status === "failed" ? "bad" : ""}">${last?.status ?? ""}</td>
      <td class="soft">${last?.outcome ?? ""}</td>
    </tr>`;
  });
  return table(["Job", "Next", "Last", "", "Outcome"], rows, "No jobs.");
}

function table(heads: readonly string[], rows: readonly Html[], empty: string): Html {
  if (rows.length === 0) return html`<p class="soft">${empty}</p>`;
  return html`<div class="scroll">
    <table>
      <tr>
        ${heads.map((head) => html`<th>${head}</th>`)}
      </tr>
      ${rows}
    </table>
  </div>`;
}

const usd = (amount: number): string => `$${amount.toLocaleString("en-US", { maximumFractionDigits: 2 })}`;
