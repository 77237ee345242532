import { html } from "hono/html";
import { universe } from "../../db/ledger-schema.ts";
import { EXCHANGES } from "../../market/calendar/exchange-of.ts";
import type { StockView } from "../stocks.ts";
import { money, page, table, type Frame, type Html } from "./layout.ts";

/** The universe; with forms for whoever may change it. */
export const stocksPage = (stocks: readonly StockView[], frame: Frame): Html =>
  page(
    "/stocks",
    "Stocks",
    frame,
    html`<h1>Stocks</h1>
      ${table(
        [
          "Stock",
          "Region",
          "Industries",
          { n: "Price" },
          "Of",
          { n: "Score" },
          { n: "Known" },
          "Why not traded",
          ...(frame.writes ? [""] : []),
        ],
        stocks
          .toSorted((a, b) => Number(b.active) - Number(a.active) || (b.score ?? -1) - (a.score ?? -1))
          .map((stock) => [
            html`${stock.symbol} <span class="soft">${stock.name}</span>`,
            stock.region,
            stock.industries.join(", "),
            { n: money(stock.price, stock.currency) },
            html`<span class="soft">${stock.priceAt === null ? "never" : `${stock.priceAt.slice(0, 16)}Z`}</span>`,
            { n: stock.score?.toFixed(2) ?? "" },
            { n: stock.confidence === null ? "" : `${Math.round(stock.confidence * 100)}%` },
            html`${stateOf(stock)}`,
            ...(frame.writes ? [formOf(stock)] : []),
          ]),
        "The universe is empty.",
      )}
      ${frame.writes ? addForm : ""}`,
  );

function stateOf({ active, blocked, allowBuy, allowSell }: StockView): string {
  if (!active) return "given up";
  const side = allowBuy ? (allowSell ? "" : "buy only") : allowSell ? "sell only" : "hold only";
  return [side, blocked ?? ""].filter((text) => text !== "").join("; ");
}

const formOf = ({ symbol, allowBuy, allowSell, active }: StockView): Html =>
  html`<form class="row" method="post" action="/stocks/${symbol}">
    ${check("allowBuy", "buy", allowBuy)} ${check("allowSell", "sell", allowSell)} ${check("active", "in", active)}
    <button>Set</button>
  </form>`;

const check = (name: string, text: string, on: boolean): Html =>
  html`<label><input type="checkbox" name="${name}" value="yes" ${on ? html` checked` : ""} />${text}</label>`;

const addForm = html`<h2>Take one in</h2>
  <form class="row" method="post" action="/stocks">
    <label>Symbol <input class="short" name="symbol" required maxlength="20" /></label>
    <label>Name <input name="name" required maxlength="60" /></label>
    <label
      >Region
      <select name="region">
        ${universe.region.enumValues.map((region) => html`<option>${region}</option>`)}
      </select></label
    >
    <label>Industries <input name="industries" required placeholder="Technology, Finance" /></label>
    <label>Currency <input class="short" name="currency" required pattern="[A-Z]{3}" placeholder="EUR" /></label>
    <label
      >Exchange
      <select name="exchange">
        <option value="">as the symbol says</option>
        ${EXCHANGES.map((exchange) => html`<option>${exchange}</option>`)}
      </select></label
    >
    <label>Lot <input class="short" type="number" name="lotSize" value="1" min="1" required /></label>
    <button>Take in</button>
  </form>`;
