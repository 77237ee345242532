import type { Fence } from "./protocol.ts";

/** What becomes of a request to promise `asked` while `current` stands [HA-2, HA-3]. */
export type FenceDecision =
  | { kind: "raise"; fence: Fence }
  | { kind: "same"; fence: Fence }
  | { kind: "refused"; fence: Fence; reason: string };

/** Epochs only rise; an epoch belongs to one holder for ever. */
export function decideFence(current: Fence | null, asked: Fence): FenceDecision {
  if (current === null || asked.epoch > current.epoch) return { kind: "raise", fence: asked };
  if (asked.epoch < current.epoch) {
    return { kind: "refused", fence: current, reason: `epoch ${current.epoch} is already promised` };
  }
  if (asked.holder === current.holder) return { kind: "same", fence: current };
  return {
    kind: "refused",
    fence: current,
    reason: `epoch ${current.epoch} is promised to ${current.holder}, not to ${asked.holder}`,
  };
}

/** Null when `sender` may touch the replica of `epoch`, otherwise why not [HA-5]. */
export function refusal(fence: Fence | null, epoch: number, sender: string): string | null {
  if (fence === null) return "no epoch is promised here yet";
  if (epoch !== fence.epoch) return `epoch ${epoch} is not the promised epoch ${fence.epoch}`;
  if (sender !== fence.holder) return `epoch ${epoch} belongs to ${fence.holder}, not to ${sender}`;
  return null;
}
