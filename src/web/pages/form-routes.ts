import { Hono, type Context } from "hono";
import { z } from "zod";
import { overridable } from "../../planning/owner-orders.ts";
import type { CommandOutcome } from "../../trading/command-outcome.ts";
import { ownerOrderFields } from "../../trading/owner-order-commands.ts";
import { isAccepted, parseText, settingOf, textOf, wanted } from "../../settings/registry.ts";
import { callerOf, writeRefusal } from "../caller.ts";
import type { Desk, OpenLedger } from "../desk.ts";
import { inputProblem, problemAnswer } from "../problem.ts";
import { newStockSchema } from "../stocks.ts";
import { isSwitch } from "../trading-status.ts";
import { readForm, type Form } from "./form.ts";
import type { Frame } from "./layout.ts";
import { frameOf, pages } from "./page-routes.ts";

const ownerOrderForm = z.strictObject(ownerOrderFields);

type Said = NonNullable<Frame["said"]>;
type FormPage = {
  readonly path: string;
  /** Does what the form says, and says what came of it; null: there is no such thing. */
  readonly act: (form: Form, param: string, open: OpenLedger) => Promise<Said | null>;
  readonly page: keyof typeof pages;
};

const forms: readonly FormPage[] = [
  {
    path: "/trading/:param",
    async act({ on }, name, open) {
      if (!isSwitch(name) || (on !== "yes" && on !== "no")) return null;
      return saidOf(await open.command({ name, on: on === "yes" }));
    },
    page: "/plan",
  },
  {
    path: "/owner-orders",
    async act(form, _param, open) {
      const override = overridable.filter((rule) => form[rule] === "yes");
      const given = { id: form["id"], side: form["side"], symbol: form["symbol"], qty: Number(form["qty"]), override };
      const parsed = ownerOrderForm.safeParse(given);
      if (!parsed.success) {
        const { field, detail } = inputProblem(parsed.error, "", 0);
        return bad(`${field ?? "The form"}: ${detail}`);
      }
      return saidOf(await open.command({ name: "order", ...parsed.data }));
    },
    page: "/plan",
  },
  {
    path: "/owner-orders/:param",
    act: async (_form, id, open) => saidOf(await open.command({ name: "order-withdraw", id })),
    page: "/plan",
  },
  {
    path: "/settings/:param",
    async act({ value = "" }, key, { settings }) {
      const setting = settingOf(key);
      if (setting === null) return null;
      const given = parseText(setting, value);
      if (!isAccepted(setting, given)) return bad(`${key} cannot be "${value.slice(0, 40)}": give ${wanted(setting)}.`);
      const done = await settings.put(setting, given);
      if (done.kind === "refused") return bad(`${done.reason}.`);
      return good(`${key} is ${textOf(given)} (${setting.unit}) from now on.`, done.confirmed);
    },
    page: "/settings",
  },
  {
    path: "/stocks/:param",
    async act(form, symbol, { stocks }) {
      const on = (name: string): boolean => form[name] === "yes";
      const change = { allowBuy: on("allowBuy"), allowSell: on("allowSell"), active: on("active") };
      const done = await stocks.change(symbol, change);
      return done && good(`${symbol} is changed.`, done.confirmed);
    },
    page: "/stocks",
  },
  {
    path: "/stocks",
    async act(form, _param, { stocks }) {
      const industries = (form["industries"] ?? "").split(",").map((name) => name.trim());
      const given = { ...form, industries, lotSize: Number(form["lotSize"]), exchange: form["exchange"] || null };
      const parsed = newStockSchema.safeParse(given);
      if (!parsed.success) {
        const { field, detail } = inputProblem(parsed.error, "", 0);
        return bad(`${field ?? "The form"}: ${detail}`);
      }
      const done = await stocks.add(parsed.data);
      return typeof done === "string" ? bad(`${done}.`) : good(`${parsed.data.symbol} is taken in.`, done.confirmed);
    },
    page: "/stocks",
  },
];

/** What the forms of the pages do: for whoever is logged in, from this node's own pages. */
export function formRoutes(desk: Desk): Hono {
  const app = new Hono();
  for (const form of forms) app.post(form.path, (c) => perform(c, desk, form));
  return app;
}

async function perform(c: Context, desk: Desk, { act, page }: FormPage): Promise<Response> {
  const caller = callerOf(c, desk);
  const refusal = writeRefusal(c, caller);
  if (refusal !== null) return problemAnswer(c, refusal);
  const open = desk.open();
  if (open === null) return problemAnswer(c, { status: 503, detail: "The ledger was closed meanwhile." });
  const said = await act(await readForm(c), c.req.param("param") ?? "", open);
  if (said === null) return problemAnswer(c, { status: 404, detail: "There is no such thing." });
  const frame = { ...frameOf(c, desk, caller), said };
  return c.html(pages[page]({ desk, open, caller, frame }), said.good ? 200 : 400);
}

const bad = (text: string): Said => ({ text, good: false });
const good = (text: string, confirmed: boolean): Said => ({
  text: confirmed ? text : `${text} The other node has not confirmed it yet: a failover now may forget it.`,
  good: true,
});

const saidOf = ({ outcome, message, lines, confirmed }: CommandOutcome): Said => {
  const text = [message, ...lines].map(sentence).join(" ");
  return outcome === "done" ? good(text, confirmed === true) : bad(text);
};

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
