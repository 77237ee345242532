import { z } from "zod";
import type { PaperBroker } from "./brokers/paper.ts";
import { cancelResting } from "./cancel-resting.ts";
import { cashCommand, runCashCommand } from "./cash-command.ts";
import { type CommandOutcome, done, refused } from "./command-outcome.ts";
import { type ControlDeps, readControls, setControl } from "./controls.ts";
import type { LiveSwitch } from "./live-rules.ts";
import { lockText } from "./locks.ts";
import { ownerOrderCommands, runOwnerOrderCommand } from "./owner-order-commands.ts";
import { isWorking } from "./plan-record.ts";
import type { OpenDesk, TradingDesk } from "./trading-desk.ts";
import { readTradingState } from "./trading-state.ts";

export type CommandDeps = ControlDeps & {
  readonly desk: TradingDesk;
  readonly paper: Pick<PaperBroker, "name" | "pay">;
  readonly nowMs: () => number;
  /** The next plan of a desk as things are, in sentences; written nowhere. */
  readonly preview: (desk: OpenDesk) => Promise<readonly string[]>;
};

const euros = z.number().positive().max(1_000_000_000);
const onOff = z.strictObject({ on: z.boolean() });
const limits = { orderEurMax: euros, dayEurMax: euros };
const command = z.discriminatedUnion("name", [
  z.strictObject({ name: z.literal("pause-buys"), ...onOff.shape }),
  z.strictObject({ name: z.literal("stop-everything"), ...onOff.shape }),
  z.strictObject({ name: z.literal("when-detached"), policy: z.enum(["available", "strict"]) }),
  z.strictObject({ name: z.literal("locks") }),
  z.strictObject({ name: z.literal("live-preview"), ...limits }),
  z.strictObject({ name: z.literal("live-on"), account: z.string().min(1).max(100), ...limits }),
  z.strictObject({ name: z.literal("live-off") }),
  ...ownerOrderCommands,
  cashCommand,
]);

/** Performs one of the owner's commands on the primary's ledger. Throws what the ledger or the lease throws. */
export async function runCommand(deps: CommandDeps, request: unknown): Promise<CommandOutcome> {
  const parsed = command.safeParse(request);
  if (!parsed.success) return refused(`this is no command that this version knows: ${z.prettifyError(parsed.error)}`);
  const asked = parsed.data;
  switch (asked.name) {
    case "pause-buys": {
      const confirmed = await setControl(deps, "pause-buys", sinceNow(deps, asked.on));
      return done(asked.on ? "buys are paused, on whichever node leads" : "buys are paused no longer", confirmed);
    }
    case "stop-everything":
      return stopEverything(deps, asked.on);
    case "when-detached": {
      const confirmed = await setControl(deps, "when-detached", asked.policy);
      const means = asked.policy === "strict" ? "nothing is traded" : "trading goes on";
      return done(`while no other node receives what is written, ${means}`, confirmed);
    }
    case "locks": {
      const lines = readTradingState(deps.db, deps.nowMs()).locks.map(lockText);
      return done(lines.length === 0 ? "nothing is locked" : "what may not be traded:", null, lines);
    }
    case "order":
    case "order-withdraw":
    case "orders":
      return runOwnerOrderCommand(deps, asked);
    case "live-preview":
      return previewLive(deps, asked);
    case "live-on":
      return liveOn(deps, asked);
    case "live-off":
      return done("live trading is off", await setControl(deps, "live", undefined));
    case "cash":
      return runCashCommand(deps, asked);
  }
}

const sinceNow = (deps: CommandDeps, on: boolean): { sinceMs: number } | undefined =>
  on ? { sinceMs: deps.nowMs() } : undefined;

/** The switch first, and confirmed if it can be: whatever comes next, nobody sends anything more. Then what rests. */
async function stopEverything(deps: CommandDeps, on: boolean): Promise<CommandOutcome> {
  const confirmed = await setControl(deps, "stop-everything", sinceNow(deps, on));
  if (!on) return done("trading goes on", confirmed);
  const message = "everything is stopped, on whichever node leads";
  try {
    const { trading } = await deps.desk.open();
    const open = trading.store.unsettled().flatMap((plan) => plan.intents.filter(({ state }) => isWorking(state)));
    const said = await cancelResting(trading, open);
    return done(message, confirmed, said.length === 0 ? ["No order rests at the broker."] : said);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return done(message, confirmed, [`What rests at the broker is cancelled by the next cycle: ${why}`]);
  }
}

type Limits = Pick<LiveSwitch, "orderEurMax" | "dayEurMax">;

/** The desk as it would be with live trading on for the account that the broker names now. */
async function liveDesk(deps: CommandDeps, { orderEurMax, dayEurMax }: Limits): Promise<OpenDesk | string> {
  if (readControls(deps.db).kind === "failed") return "the settings of trading cannot be read";
  if (orderEurMax > dayEurMax) return "the limit of an order is above that of a day";
  return deps.desk.openLive({ orderEurMax, dayEurMax, sinceMs: deps.nowMs() });
}

async function previewLive(deps: CommandDeps, asked: Limits): Promise<CommandOutcome> {
  const desk = await liveDesk(deps, asked);
  if (typeof desk === "string") return refused(desk);
  const lines = [`account ${desk.account} at ${desk.trading.broker.name}`, ...(await deps.preview(desk))];
  return desk.liveRefusal === null ? done(desk.account, null, lines) : refused(desk.liveRefusal, lines);
}

async function liveOn(deps: CommandDeps, asked: Limits & { readonly account: string }): Promise<CommandOutcome> {
  const desk = await liveDesk(deps, asked);
  if (typeof desk === "string") return refused(desk);
  if (desk.account !== asked.account) return refused(`the broker's account is not ${asked.account}`);
  if (desk.liveRefusal !== null) return refused(desk.liveRefusal);
  const { account, orderEurMax, dayEurMax } = asked;
  const confirmed = await setControl(deps, "live", { account, orderEurMax, dayEurMax, sinceMs: deps.nowMs() });
  return done(
    `live trading is on for account ${account}: at most ${orderEurMax} euros an order, ${dayEurMax} a day`,
    confirmed,
  );
}
