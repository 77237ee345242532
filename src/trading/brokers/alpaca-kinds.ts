import type { BrokerActivity } from "../broker.ts";

type Kind = BrokerActivity["kind"];

/** Alpaca's types that move cash and never shares; a quantity, where they have one, says what they were for. */
const CASH: { readonly [type: string]: Kind } = {
  DIV: "dividend",
  DIVCGL: "dividend",
  DIVCGS: "dividend",
  DIVROC: "dividend",
  DIVTXEX: "dividend",
  CGD: "dividend",
  DIVNRA: "tax",
  DIVFT: "tax",
  DIVTW: "tax",
  INTNRA: "tax",
  INTTW: "tax",
  FEE: "fee",
  CFEE: "fee",
  DIVFEE: "fee",
  PTC: "fee",
  PTR: "fee",
  INT: "other",
};
/** Money that its owner moves, in or out. */
const FLOWS: ReadonlySet<string> = new Set(["CSD", "CSW", "JNLC", "ACATC", "TRANS"]);
/**
 * A forward and a reverse split, and a new CUSIP for the same symbol: all old shares out, all new ones in. A dividend in
 * shares: new ones alone.
 */
const SPLITS: ReadonlySet<string> = new Set(["SPLIT", "SPLIT.FSPLIT", "SPLIT.RSPLIT", "NC.CNC", "DIV.SDIV"]);
/** What moves shares, whether it says how many or not. */
const SHARES: ReadonlySet<string> = new Set(
  "ACATS CIL FOPT JNLS MA NC OPASN OPCA OPEXC OPEXP OPTRD REORG SC SPIN SPLIT SSO SSP VOF".split(" "),
);

/** What an activity of Alpaca's is told by; `qty` has the sign of what it did to the shares, where it did something. */
type AlpacaActivity = {
  readonly activityType: string;
  readonly activitySubType: string | null;
  readonly netAmount: number;
  readonly qty?: number | undefined;
  readonly symbol: string | null;
};

/**
 * What an activity of Alpaca's is. One that changes shares and is not understood is `unbooked`, the cash part of one (in
 * an activity of its own) and all else that is not known is `other`.
 */
export function kindOf({ activityType, activitySubType, netAmount, qty = 0, symbol }: AlpacaActivity): Kind {
  const isWhole = qty !== 0 && symbol !== null;
  if (SPLITS.has(activitySubType === null ? activityType : `${activityType}.${activitySubType}`)) {
    return isWhole && netAmount === 0 ? "split" : "unbooked";
  }
  if (FLOWS.has(activityType)) return netAmount < 0 ? "withdrawal" : "deposit";
  const cash = CASH[activityType];
  if (cash !== undefined) return cash;
  if (activityType === "CIL" && isWhole && netAmount >= 0) return "cash-in-lieu";
  const isCash = netAmount !== 0 && activityType !== "CIL";
  return qty !== 0 || (SHARES.has(activityType) && !isCash) ? "unbooked" : "other";
}
