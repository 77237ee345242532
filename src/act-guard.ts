import { LeaseOver, type ActGuard } from "./app-ports.ts";

/** The guard's view of a deadline: an instant of `nowNs`, or null when this process has no right to act. */
export type DeadlineView = { readonly atNs: bigint | null; readonly nowNs: () => bigint };

/** An ActGuard of one epoch over the shared deadline [HA-8]. */
export function actGuard(epoch: number, deadline: DeadlineView): ActGuard {
  const remainingMs = (): number => (deadline.atNs === null ? 0 : Number(deadline.atNs - deadline.nowNs()) / 1e6);
  return {
    epoch,
    remainingMs,
    check(marginMs) {
      const leftMs = remainingMs();
      if (leftMs > 0 && leftMs >= marginMs) return;
      throw new LeaseOver(`lease of epoch ${epoch}: ${leftMs.toFixed(1)} ms left, ${marginMs} ms needed`);
    },
  };
}
