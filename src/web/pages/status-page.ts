import { html } from "hono/html";
import { percent } from "../../led/display.ts";
import type { AppStatus } from "../status.ts";
import { factList, page, type Frame, type Html } from "./layout.ts";
import { jobsTable, moneyFacts, ordersTable, positionsTable } from "./tables.ts";

/** What a primary does at the moment; asks again every five seconds. */
export const statusPage = (status: AppStatus, frame: Frame): Html =>
  page(
    "/",
    "Status",
    { ...frame, refreshes: true },
    html`<h1>${status.node} <span class="good">leads</span></h1>
      ${factsOf(status)}
      <p class="soft">${status.limits}</p>
      ${status.reasons.map((reason) => html`<p class="bad">${reason}</p>`)}
      ${status.notes.length === 0 ? "" : html`<h2>Not as it should be</h2>`}
      ${status.notes.map((note) => html`<p class="bad">${note}</p>`)}
      <h2>Next actions</h2>
      ${actionsOf(status)}
      <h2>Positions</h2>
      ${positionsTable(status)}
      <h2>Orders</h2>
      ${ordersTable(status)}
      <h2>Jobs</h2>
      ${jobsTable(status)}
      <footer>
        <p>${status.amountsShown ? "" : "Amounts are shown to whoever is logged in. "}App time ${status.appTime}.</p>
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
    "/",
    "No primary",
    { node: facts.node, writes: false, refreshes: true },
    html`<h1>${facts.node} <span class="bad">has no primary to ask</span></h1>
      <p>${facts.reason}. Nothing is traded by this node; it is a ${facts.role} at epoch ${facts.epoch}.</p>
      ${facts.reasons.map((reason) => html`<p>${reason}</p>`)}
      <footer><p>This page asks again every five seconds.</p></footer>`,
  );

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
    ...moneyFacts(status),
  ];
  return factList(facts);
}

/** The newest plan with the reason of each of its orders. */
export function actionsOf({ plans }: Pick<AppStatus, "plans">): Html {
  const plan = plans[0];
  if (!plan) return html`<p class="soft">No plan yet.</p>`;
  return html`<p>${plan.reason} <span class="soft">(${plan.slot}, ${plan.status})</span></p>
    ${plan.orders.map((order) => html`<p>${order.reason} <span class="soft">${order.state}</span></p>`)}`;
}
