import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";

/** What a new primary's agent logs when it has done everything that comes with leading. */
const lineSchema = z.looseObject({
  time: z.number(),
  msg: z.literal("primary"),
  epoch: z.int(),
  steps: z.array(z.object({ kind: z.string(), ms: z.number() })),
  agoMs: z.object({ asking: z.number(), primary: z.number() }),
});
type Line = z.infer<typeof lineSchema>;

/** A line of the demo's log has a line of the agent's in it. */
const wrapped = z.looseObject({ msg: z.string() });

/** Instants of a takeover on the wall clock, all of them on the new primary. */
export type Timeline = {
  readonly askedAtMs: number;
  readonly electedAtMs: number;
  /** The ledger is in place, and the app is told to open it. */
  readonly promotedAtMs: number;
};

/** A takeover's parts in milliseconds; together they are the whole. */
export type Split = {
  readonly detection: number;
  readonly election: number;
  readonly promotion: number;
  readonly app: number;
};

/** When the leader of this epoch came to lead, by its logs; null when they do not say. */
export function timelineOf(logs: readonly string[], epoch: number): Timeline | null {
  for (const file of logs) {
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    for (const candidate of text.split("\n").filter((each) => each.includes("agoMs"))) {
      const line = agentLine(candidate);
      if (line?.epoch === epoch) return instantsOf(line);
    }
  }
  return null;
}

function agentLine(text: string): Line | null {
  const outer = parsed(text);
  const own = lineSchema.safeParse(outer).data;
  if (own !== undefined) return own;
  const inner = wrapped.safeParse(outer).data;
  return inner === undefined ? null : (lineSchema.safeParse(parsed(inner.msg)).data ?? null);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function instantsOf({ time, steps, agoMs }: Line): Timeline {
  const opening = steps.findIndex(({ kind }) => kind === "open-ledger");
  const sinceOpeningMs = steps.slice(opening).reduce((sum, { ms }) => sum + ms, 0);
  return { askedAtMs: time - agoMs.asking, electedAtMs: time - agoMs.primary, promotedAtMs: time - sinceOpeningMs };
}

/** The parts between the instant at which the old primary was gone and the one at which the new one was of use. */
export const split = (timeline: Timeline, goneAtMs: number, usefulAtMs: number): Split => ({
  detection: timeline.askedAtMs - goneAtMs,
  election: timeline.electedAtMs - timeline.askedAtMs,
  promotion: timeline.promotedAtMs - timeline.electedAtMs,
  app: usefulAtMs - timeline.promotedAtMs,
});
