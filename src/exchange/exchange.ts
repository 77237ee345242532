import { randomUUID } from "node:crypto";
import { z } from "zod";
import {
  type Accepted,
  type Book,
  type Entry,
  type ExchangeOrder,
  type Request,
  type Verdict,
  apply,
  cashTypes,
  isOpen,
  judge,
  newBook,
} from "./book.ts";
import type { PartialFill } from "./faults.ts";
import { type JournalFile, openJournalFile } from "./journal-file.ts";

/** Price of a symbol at an instant of the exchange's clock; null when it lists no such symbol. */
export type PriceAt = (symbol: string, atMs: number) => number | null;

export type ExchangeOptions = {
  readonly file: string;
  readonly startCashUsd: number;
  readonly acceptDuplicates: boolean;
  /** Real milliseconds between taking a market order and filling it. */
  readonly fillDelayMs: number;
  readonly priceAt: PriceAt;
  /** The exchange's clock: the app's, so that both agree on prices. */
  readonly nowMs: () => number;
  /** Real time, for the journal. */
  readonly realNow: () => Date;
};

const entry = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("attempt"),
    attempt: z.object({
      at: z.string(),
      from: z.string().optional(),
      clientOrderId: z.string(),
      symbol: z.string(),
      side: z.string(),
      qty: z.number(),
      outcome: z.string(),
    }),
    accepted: z.object({ id: z.string(), submittedAtMs: z.number(), reservedUsd: z.number() }).nullable(),
  }),
  z.object({
    kind: z.literal("fill"),
    id: z.string(),
    atMs: z.number(),
    priceUsd: z.number(),
    qty: z.number().optional(),
  }),
  z.object({ kind: z.enum(["cancel", "expire"]), id: z.string(), atMs: z.number() }),
  z.object({ kind: z.literal("deposit"), id: z.string(), atMs: z.number(), usd: z.number() }),
  z.object({
    kind: z.literal("cash"),
    id: z.string(),
    atMs: z.number(),
    type: z.enum(cashTypes),
    usd: z.number(),
    symbol: z.string().nullable(),
  }),
  z.object({
    kind: z.literal("split"),
    id: z.string(),
    atMs: z.number(),
    symbol: z.string(),
    newShares: z.number().positive(),
    oldShares: z.number().positive(),
    inLieuUsd: z.number().nullable(),
  }),
]);

/** A running exchange: every change is on disk before `submit` or `cancel` returns. */
export class Exchange {
  readonly book: Book;
  readonly options: ExchangeOptions;
  readonly #file: JournalFile;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Orders to come that fill otherwise than at once and whole, by client order id. */
  readonly #partialFills = new Map<string, PartialFill>();

  constructor(options: ExchangeOptions) {
    this.options = options;
    this.book = newBook(options.startCashUsd);
    this.#file = openJournalFile(options.file, (line) => apply(this.book, entry.parse(line)));
    for (const order of this.book.orders.values()) if (isOpen(order)) this.#fillSoon(order.id);
  }

  /** Judges and journals one attempt; an accepted one has the id under which the book holds it. */
  submit(request: Request, from?: string): { readonly verdict: Verdict; readonly id: string | null } {
    const nowMs = this.options.nowMs();
    const priceUsd = this.priceAt(request.symbol, nowMs);
    const verdict = judge(this.book, request, priceUsd, this.options.acceptDuplicates);
    const accepted: Accepted | null =
      verdict.kind === "accept" ? { id: randomUUID(), submittedAtMs: nowMs, reservedUsd: verdict.reservedUsd } : null;
    this.#journal(request, outcomeText(verdict), accepted, from);
    if (accepted !== null) this.#fillSoon(accepted.id);
    return { verdict, id: accepted?.id ?? null };
  }

  /** Journals an attempt that could not even be judged. */
  refuse(
    request: { clientOrderId: string; symbol: string; side: string; qty: number },
    reason: string,
    from?: string,
  ): void {
    this.#journal(request, `rejected: ${reason}`, null, from);
  }

  /** False when the order is no longer open. */
  cancel(id: string): boolean {
    const order = this.book.orders.get(id);
    if (order === undefined || !isOpen(order)) return false;
    this.#record({ kind: "cancel", id, atMs: this.options.nowMs() });
    return true;
  }

  /** The order that comes with this id fills in part first. */
  fillPartly(clientOrderId: string, how: PartialFill): void {
    this.#partialFills.set(clientOrderId, how);
  }

  /** Brings money in; takes it out when negative. */
  deposit(usd: number): void {
    this.#record({ kind: "deposit", id: randomUUID(), atMs: this.options.nowMs(), usd });
  }

  /** Books a dividend, a tax, a fee or interest. */
  bookCash(type: (typeof cashTypes)[number], usd: number, symbol: string | null): void {
    this.#record({ kind: "cash", id: randomUUID(), atMs: this.options.nowMs(), type, usd, symbol });
  }

  /** Splits a stock: so many new shares for so many old; a part of a share is paid out where that is wanted. */
  split(symbol: string, newShares: number, oldShares: number, paysParts: boolean): void {
    const atMs = this.options.nowMs();
    const priceUsd = this.priceAt(symbol, atMs);
    const inLieuUsd = paysParts && priceUsd !== null ? (priceUsd * oldShares) / newShares : null;
    this.#record({ kind: "split", id: randomUUID(), atMs, symbol, newShares, oldShares, inLieuUsd });
  }

  /** What a share costs at an instant, after the splits until now; null for a symbol that is not listed. */
  priceAt(symbol: string, atMs: number): number | null {
    const priceUsd = this.options.priceAt(symbol, atMs);
    return priceUsd === null ? null : priceUsd * (this.book.priceFactors.get(symbol) ?? 1);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#file.close();
  }

  #journal(
    request: { clientOrderId: string; symbol: string; side: string; qty: number },
    outcome: string,
    accepted: Accepted | null,
    from: string | undefined,
  ): void {
    const { clientOrderId, symbol, side, qty } = request;
    const at = this.options.realNow().toISOString();
    this.#record({ kind: "attempt", attempt: { at, from, clientOrderId, symbol, side, qty, outcome }, accepted });
  }

  #record(change: Entry): void {
    this.#file.append(change);
    apply(this.book, change);
  }

  #fillSoon(id: string): void {
    this.#soon(id, ({ clientOrderId, symbol, qty }) => {
      const atMs = this.options.nowMs();
      const priceUsd = this.priceAt(symbol, atMs);
      const part = this.#partialFills.get(clientOrderId);
      if (priceUsd === null) return;
      if (part === undefined || part.qty >= qty) return this.#record({ kind: "fill", id, atMs, priceUsd });
      this.#record({ kind: "fill", id, atMs, priceUsd, qty: part.qty });
      this.#partialFills.delete(clientOrderId);
      if (part.rest === "fill") this.#fillSoon(id);
      else if (part.rest !== "wait") this.#endSoon(id, part.rest);
    });
  }

  #endSoon(id: string, kind: "cancel" | "expire"): void {
    this.#soon(id, () => this.#record({ kind, id, atMs: this.options.nowMs() }));
  }

  /** After the fill delay, if the order is open still. */
  #soon(id: string, act: (order: ExchangeOrder) => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const order = this.book.orders.get(id);
      if (order !== undefined && isOpen(order)) act(order);
    }, this.options.fillDelayMs);
    this.#timers.add(timer);
  }
}

function outcomeText(verdict: Verdict): string {
  if (verdict.kind === "accept") return "accepted";
  return `rejected: ${verdict.kind === "refuse" ? verdict.message : "client_order_id must be unique"}`;
}
