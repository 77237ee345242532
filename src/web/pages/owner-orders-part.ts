import { html } from "hono/html";
import { overridable } from "../../planning/owner-orders.ts";
import type { ShownOwnerOrder } from "../owner-orders.ts";
import { quantity, table, type Frame, type Html } from "./layout.ts";

/**
 * What the owner has ordered by hand, with a form for whoever may order. `newId` is that of the order that the form makes,
 * so that a form that is sent twice is one order.
 */
export const ownerOrdersPart = (orders: readonly ShownOwnerOrder[], newId: string, frame: Frame): Html =>
  html`<h2>Ordered by hand</h2>
    ${table(
      ["Order", { n: "Quantity" }, "State", "Why", "Overrides", ...(frame.writes ? [""] : [])],
      orders.map((order) => [
        html`${order.side} ${order.symbol} <span class="soft">${order.id}</span>`,
        { n: quantity(order.qty) },
        order.state,
        order.why,
        order.overrides.join(", "),
        ...(frame.writes ? [order.state === "open" ? withdrawForm(order) : ""] : []),
      ]),
      "Nothing was ever ordered by hand.",
    )}
    ${frame.writes ? orderForm(newId) : ""}`;

const withdrawForm = ({ id }: ShownOwnerOrder): Html =>
  html`<form class="row" method="post" action="/owner-orders/${id}"><button>Withdraw</button></form>`;

const orderForm = (newId: string): Html =>
  html`<form class="row" method="post" action="/owner-orders">
    <input type="hidden" name="id" value="${newId}" />
    <select name="side">
      <option>buy</option>
      <option>sell</option>
    </select>
    <label>Quantity <input class="short" name="qty" required inputmode="numeric" maxlength="7" /></label>
    <label>Symbol <input class="short" name="symbol" required maxlength="20" /></label>
    <span class="soft">overriding</span>
    ${overridable.map((rule) => html`<label><input type="checkbox" name="${rule}" value="yes" />${rule}</label>`)}
    <button>Order</button>
  </form>`;
