import { type BrokerOrder } from "./broker.ts";
import {
  type Intent,
  type Plan,
  adopt,
  adoptUnplanned,
  inDoubt,
  isFinished,
  isInDoubt,
  isWorking,
  sameIntention,
} from "./plan-record.ts";

/**
 * The order rules, pure: what a run of a slot's plan does next. The caller performs the step and comes back.
 * One place of a slot has one intention for ever; a place is sent only when all before it were seen at the broker
 * and that is confirmed, so at most one place of an inherited plan can have been sent without the ledger knowing.
 */
export type Limits = {
  /** Look-ups that found nothing, before a place without an answer is sent again. */
  readonly looksToResend: number;
  readonly sendsMax: number;
  /** An order is absent only after at least this many look-ups over at least this real time. */
  readonly looksToAbsent: number;
  readonly absentAfterMs: number;
  /** Real milliseconds before the 1st, 2nd, … look-up after a send; the last one repeats. */
  readonly lookDelaysMs: readonly number[];
  /** Look-ups that wait for the fills of working orders before a plan is called done. */
  readonly settleLooksMax: number;
  readonly failedLooksMax: number;
};

/** The absence time covers a request's own time limit (5 s), and as much again three times over. */
export const defaultLimits: Limits = {
  looksToResend: 3,
  sendsMax: 2,
  looksToAbsent: 3,
  absentAfterMs: 20_000,
  lookDelaysMs: [0, 50, 100, 200, 400, 1_000],
  settleLooksMax: 4,
  failedLooksMax: 3,
};

/** Look-ups in a row that found no such order; instants are real and monotonic. */
export type Absence = { readonly looks: number; readonly sinceMs: number; readonly lastMs: number };

/** What one uninterrupted run of a plan knows beyond the ledger. */
export type Run = {
  /** The place that an earlier run, of any node, may have sent; null for a plan that this run has written. */
  readonly inherited: number | null;
  /** Everything that was written so far is durable on the other node too. */
  readonly confirmed: boolean;
  readonly sends: ReadonlyMap<number, number>;
  /** The newest answer to a send, by place. */
  readonly answers: ReadonlyMap<number, Answer>;
  readonly absences: ReadonlyMap<number, Absence>;
  readonly failedLooks: number;
  readonly settleLooks: number;
  /** Why nothing more of this plan is sent: the slot is not ours alone, or a rule forbids the next order; null: nothing. */
  readonly conflict: string | null;
};
export type Answer = { readonly kind: "placed" | "duplicate" | "refused" | "unknown"; readonly reason: string };

export type Situation = {
  /** App instants. */
  readonly nowMs: number;
  readonly slotEndsAtMs: number;
  /** Real, monotonic. */
  readonly realNowMs: number;
  readonly stopping: boolean;
  readonly idempotency: "enforced" | "lookup" | "none";
  readonly limits: Limits;
};

export type Step =
  /** Have everything that was written confirmed; when it is not, stop: nothing is sent. */
  | { readonly kind: "confirm" }
  /** Wait (real milliseconds), then ask the broker for this place and all orders of the slot. */
  | { readonly kind: "look"; readonly n: number; readonly afterMs: number }
  | { readonly kind: "send"; readonly intent: Intent }
  /** Write these intents and the end of the plan. */
  | {
      readonly kind: "finish";
      readonly status: "done" | "ended";
      readonly reason: string;
      readonly intents: readonly Intent[];
    }
  /** The plan stays unfinished: a later run, or the next reconciliation, goes on. */
  | { readonly kind: "leave"; readonly reason: string };

export function startRun(plan: Plan, writtenByThisRun: boolean): Run {
  const first = plan.intents.find((intent) => intent.state === "planned" || isInDoubt(intent.state));
  return {
    inherited: writtenByThisRun ? null : (first?.n ?? null),
    confirmed: false,
    sends: new Map(),
    answers: new Map(),
    absences: new Map(),
    failedLooks: 0,
    settleLooks: 0,
    conflict: null,
  };
}

/** The next step of a run. */
export function decide(plan: Plan, run: Run, now: Situation): Step {
  if (isFinished(plan)) return { kind: "leave", reason: `The plan of this slot is finished: ${plan.reason}` };
  if (run.conflict !== null) return end(plan, run, run.conflict, now);
  if (run.failedLooks >= now.limits.failedLooksMax) {
    return { kind: "leave", reason: "The broker does not answer look-ups." };
  }
  for (const intent of plan.intents) {
    if (intent.state === "filled" || isWorking(intent.state)) continue;
    if (intent.state === "planned" || isInDoubt(intent.state)) return decidePlace(plan, run, intent, now);
    return end(plan, run, `Order ${intent.n} is ${intent.state}: ${intent.reason}`, now);
  }
  return allSeen(plan, run, now);
}

function decidePlace(plan: Plan, run: Run, intent: Intent, now: Situation): Step {
  const absence = run.absences.get(intent.n);
  const inDoubt = mayHaveBeenSent(run, intent);
  if (inDoubt && absence === undefined) return { kind: "look", n: intent.n, afterMs: delayMs(now.limits, 0) };
  if (now.nowMs >= now.slotEndsAtMs) return end(plan, run, "The slot is over.", now);
  if (now.stopping) return { kind: "leave", reason: "Asked to stop." };
  if (!run.confirmed) return { kind: "confirm" };
  if (!inDoubt || absence === undefined) return { kind: "send", intent };
  return decideResend(run, intent, absence, now);
}

// The broker has no order for this place yet, but a request for it may still be on its way.
function decideResend(run: Run, intent: Intent, absence: Absence, now: Situation): Step {
  const { limits } = now;
  const { n } = intent;
  const sends = run.sends.get(n) ?? 0;
  const answer = run.answers.get(n);
  const enough =
    now.idempotency === "enforced"
      ? absence.looks >= (sends === 0 ? 1 : limits.looksToResend)
      : isAbsent(absence, limits, now.realNowMs);
  if (!enough && now.idempotency !== "none") {
    return { kind: "look", n, afterMs: delayMs(limits, absence.looks) };
  }
  // After "placed", "duplicate" or "refused" a second request could only do harm.
  const resendable = answer === undefined || answer.kind === "unknown";
  if (resendable && sends < limits.sendsMax && now.idempotency !== "none") return { kind: "send", intent };
  const said = answer === undefined ? "" : ` (${answer.kind}: ${answer.reason})`;
  return { kind: "leave", reason: `Order ${n} is unknown: the broker does not have it${said}.` };
}

function allSeen(plan: Plan, run: Run, now: Situation): Step {
  const working = plan.intents.find((intent) => isWorking(intent.state));
  const mayWait = !now.stopping && run.settleLooks < now.limits.settleLooksMax;
  if (working === undefined || !mayWait) return { kind: "finish", status: "done", reason: plan.reason, intents: [] };
  return { kind: "look", n: working.n, afterMs: delayMs(now.limits, run.settleLooks + 1) };
}

/** Ends the plan: what may have been sent stays unknown, what certainly was not is written so. */
function end(plan: Plan, run: Run, reason: string, now: Situation): Step {
  const intents = plan.intents
    .filter((intent) => intent.state === "planned" || intent.state === "sent")
    .map((intent): Intent =>
      mayHaveBeenSent(run, intent)
        ? inDoubt(intent, now.nowMs)
        : { ...intent, state: "not-sent", updatedAtMs: now.nowMs },
    );
  return { kind: "finish", status: "ended", reason, intents };
}

const mayHaveBeenSent = (run: Run, intent: Intent): boolean =>
  isInDoubt(intent.state) || run.inherited === intent.n || (run.sends.get(intent.n) ?? 0) > 0;

/** Enough look-ups over enough time to say that there is no such order. */
export const isAbsent = (absence: Absence, limits: Limits, realNowMs: number): boolean =>
  absence.looks >= limits.looksToAbsent && realNowMs - absence.sinceMs >= limits.absentAfterMs;

export const oneMoreAbsence = (before: Absence | undefined, realNowMs: number): Absence => ({
  looks: (before?.looks ?? 0) + 1,
  sinceMs: before?.sinceMs ?? realNowMs,
  lastMs: realNowMs,
});

const delayMs = (limits: Limits, look: number): number =>
  limits.lookDelaysMs[Math.min(look, limits.lookDelaysMs.length - 1)] ?? 0;

/** An order of this slot that the broker has, with its place. */
export type Sighting = { readonly n: number; readonly order: BrokerOrder };
export type Seen = { readonly run: Run; readonly intents: readonly Intent[] };

/**
 * Takes in what the broker has for a slot (every order of its prefix, plus the look-up of place `n`).
 * Gives the intents that changed, to be written, and what the run knows now.
 */
export function see(
  plan: Plan,
  run: Run,
  n: number,
  sightings: readonly Sighting[],
  at: { nowMs: number; realNowMs: number },
): Seen {
  const changed: Intent[] = [];
  let { conflict } = run;
  for (const place of new Set(sightings.map((sighting) => sighting.n))) {
    const orders = sightings.filter((sighting) => sighting.n === place).map((sighting) => sighting.order);
    const intent = plan.intents.find((candidate) => candidate.n === place);
    const { adopted, trouble } = take(plan.slot, place, intent, orders, at.nowMs);
    if (intent === undefined || hasChanged(intent, adopted)) changed.push(adopted);
    conflict ??= trouble ?? foreign(run, place, intent);
  }
  const absences = new Map(run.absences);
  const wanted = plan.intents.find((intent) => intent.n === n);
  const found = sightings.some((sighting) => sighting.n === n);
  if (found) absences.delete(n);
  else absences.set(n, oneMoreAbsence(run.absences.get(n), at.realNowMs));
  const refused = !found && wanted !== undefined ? refusal(run, wanted, at.nowMs) : null;
  if (refused !== null) changed.push(refused);
  const settleLooks = wanted !== undefined && isWorking(wanted.state) ? run.settleLooks + 1 : run.settleLooks;
  const confirmed = run.confirmed && changed.length === 0;
  return { run: { ...run, absences, conflict, settleLooks, confirmed, failedLooks: 0 }, intents: changed };
}

/** One place and the orders that the broker has for it: the ledger's intent from now on, and what is wrong with it. */
export function take(
  slot: string,
  n: number,
  intent: Intent | undefined,
  orders: readonly BrokerOrder[],
  nowMs: number,
): { readonly adopted: Intent; readonly trouble: string | null } {
  const [any] = orders;
  if (any === undefined) throw new Error("take needs an order");
  if (intent === undefined) {
    return {
      adopted: adoptUnplanned(slot, n, any, nowMs),
      trouble: `The broker has an order ${n} that is not in the plan.`,
    };
  }
  const known = orders.find((order) => order.brokerOrderId === intent.brokerOrderId);
  const intended = known ?? orders.find((order) => sameIntention(intent, order));
  const adopted = adopt(intent, intended ?? any, nowMs);
  const other = orders.find((order) => !sameIntention(intent, order));
  if (other !== undefined) {
    const has = `${other.side} ${other.qty} ${other.symbol}`;
    const meant = `${intent.side} ${intent.qty} ${intent.symbol}`;
    return { adopted, trouble: `Order ${n} at the broker is ${has}, not ${meant}: someone else acted in this slot.` };
  }
  if (orders.length > 1) return { adopted, trouble: `The broker has order ${n} more than once.` };
  if (intent.state === "not-sent")
    return { adopted, trouble: `Order ${n} was taken for not sent, but the broker has it.` };
  return { adopted, trouble: null };
}

// An order that neither this run nor the one before it can have sent, or one that was there before ours came.
function foreign(run: Run, place: number, intent: Intent | undefined): string | null {
  if (run.answers.get(place)?.kind === "duplicate") {
    return `The broker had order ${place} already: someone else acted in this slot.`;
  }
  const ours = intent !== undefined && (intent.state !== "planned" || mayHaveBeenSent(run, intent));
  return ours ? null : `The broker has order ${place}, which was not sent from here: someone else acted in this slot.`;
}

// A refusal proves that there is no order only when no earlier request for the place can be on its way.
function refusal(run: Run, intent: Intent, nowMs: number): Intent | null {
  const answer = run.answers.get(intent.n);
  if (answer?.kind !== "refused" || run.inherited === intent.n || run.sends.get(intent.n) !== 1) return null;
  return { ...intent, state: "rejected", reason: `Refused by the broker: ${answer.reason}`, updatedAtMs: nowMs };
}

const hasChanged = (before: Intent, after: Intent): boolean =>
  before.state !== after.state ||
  before.filledQty !== after.filledQty ||
  before.filledAvgPrice !== after.filledAvgPrice ||
  before.brokerOrderId !== after.brokerOrderId ||
  !sameIntention(before, after);

/** The run after a request for this place went out and was answered. */
export function sent(run: Run, n: number, answer: Answer): Run {
  const absences = new Map(run.absences);
  absences.delete(n);
  const sends = new Map(run.sends).set(n, (run.sends.get(n) ?? 0) + 1);
  return { ...run, absences, sends, answers: new Map(run.answers).set(n, answer) };
}
