import { html } from "hono/html";

export type Html = ReturnType<typeof html>;

/** What every page is shown with. */
export type Frame = {
  readonly node: string;
  /** Whoever asks is logged in here, and may send forms. */
  readonly writes: boolean;
  /** Asks again every five seconds: not for a page with forms. */
  readonly refreshes?: boolean;
  /** What came of the form that led here. */
  readonly said?: { readonly text: string; readonly good: boolean } | undefined;
};

const places = [
  ["/", "Status"],
  ["/portfolio", "Portfolio"],
  ["/stocks", "Stocks"],
  ["/plan", "Plan"],
  ["/orders", "Orders"],
  ["/jobs", "Jobs"],
  ["/settings", "Settings"],
] as const;
export type Place = (typeof places)[number][0] | "/login";

/** A whole page. */
export const page = (place: Place, title: string, frame: Frame, body: Html): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        ${frame.refreshes === true ? html`<meta http-equiv="refresh" content="5" />` : ""}
        <title>${title} · ${frame.node} · Arduino Trader</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <nav>
          ${places.map(
            ([path, name]) => html`<a href="${path}" aria-current="${path === place ? "page" : "false"}">${name}</a>`,
          )}
          ${frame.writes ? logout : place === "/login" ? "" : html`<a class="end" href="/login">Log in</a>`}
        </nav>
        ${frame.said ? html`<p class="said${frame.said.good ? "" : " bad"}">${frame.said.text}</p>` : ""} ${body}
      </body>
    </html>`;

const logout = html`<form method="post" action="/logout"><button class="plain">Log out</button></form>`;

/** A column's title; numbers are on the right, and so are their titles. */
export type Column = string | { readonly n: string };
export type Cell = string | Html | { readonly n: string };

/** A table, or the sentence `empty` where it has no rows. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], empty: string): Html {
  if (rows.length === 0) return html`<p class="soft">${empty}</p>`;
  return html`<div class="scroll">
    <table>
      <tr>
        ${columns.map((column) => (isNumber(column) ? html`<th class="n">${column.n}</th>` : html`<th>${column}</th>`))}
      </tr>
      ${rows.map(
        (row) =>
          html`<tr>
            ${row.map((cell) => (isNumber(cell) ? html`<td class="n">${cell.n}</td>` : html`<td>${cell}</td>`))}
          </tr>`,
      )}
    </table>
  </div>`;
}

const isNumber = (cell: Column | Cell): cell is { readonly n: string } => typeof cell === "object" && "n" in cell;

/** Names with their values, in a line that wraps. */
export const factList = (facts: readonly (readonly [name: string, value: string])[]): Html =>
  html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;

/** An amount as people write it, "$2.60"; nothing for null. */
export const money = (amount: number | null, currency: string): string =>
  amount === null ? "" : amount.toLocaleString("en-US", { style: "currency", currency });

/** A number of shares, with all of its parts; nothing for null. */
export const quantity = (qty: number | null): string =>
  qty === null ? "" : qty.toLocaleString("en-US", { maximumFractionDigits: 9 });
