import { LeaseOver, type ActGuard } from "./app-ports.ts";

/** The guard's view of a deadline: an hrtime instant, or null when this process has no right to act. */
export type DeadlineView = { readonly atNs: bigint | null };

/** An ActGuard of one epoch over the shared deadline [HA-8]; `nowNs` is `process.hrtime.bigint`. */
export function actGuard(
  epoch: number,
  deadline: DeadlineView,
  nowNs: () => bigint = () => process.hrtime.bigint(),
): ActGuard {
  const remainingMs = (): number => (deadline.atNs === null ? 0 : Number(deadline.atNs - nowNs()) / 1e6);
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
