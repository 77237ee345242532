import { LeaseOver, type ActGuard } from "./app-ports.ts";

/** The guard's view of a deadline: an instant of `nowNs`, or null when this process has no right to act. */
export type DeadlineView = { readonly atNs: bigint | null; readonly nowNs: () => bigint };

/** `raise`: the same lease goes on under a higher epoch. */
export type RaisableGuard = ActGuard & { readonly raise: (epoch: number) => void };

/** An ActGuard of one lease, which began with this epoch, over the shared deadline [HA-8]. */
export function actGuard(promotedTo: number, deadline: DeadlineView): RaisableGuard {
  let epoch = promotedTo;
  const remainingMs = (): number => (deadline.atNs === null ? 0 : Number(deadline.atNs - deadline.nowNs()) / 1e6);
  return {
    get epoch() {
      return epoch;
    },
    raise: (higher) => {
      epoch = Math.max(epoch, higher);
    },
    remainingMs,
    check(marginMs) {
      const leftMs = remainingMs();
      if (leftMs > 0 && leftMs >= marginMs) return;
      throw new LeaseOver(`lease of epoch ${epoch}: ${leftMs.toFixed(1)} ms left, ${marginMs} ms needed`);
    },
  };
}
