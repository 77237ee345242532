import { z } from "zod";
import { historyEventSchema } from "../../ha/io/history.ts";
import type { HistoryEvent } from "../../ha/io/history.ts";
import { told as toldOf } from "../../ha/io/history-sentences.ts";

/** Events of a history; those of a kind that this version does not know are left out. */
export const eventsSchema = z.array(z.unknown()).transform((all) =>
  all.flatMap((each) => {
    const parsed = historyEventSchema.safeParse(each);
    return parsed.success ? [parsed.data] : [];
  }),
);

/** What another node answers when it is asked for its history. */
export const peerEventsSchema = z.object({ events: eventsSchema });

/** Both nodes' histories as one; what both of them write down is told once, from this node's. */
export function told(
  own: readonly HistoryEvent[],
  peers: readonly HistoryEvent[],
): (HistoryEvent & { sentence: string })[] {
  const theirs = peers.filter(({ kind }) => kind !== "maintenance" && kind !== "members");
  return toldOf([...own, ...theirs]);
}
