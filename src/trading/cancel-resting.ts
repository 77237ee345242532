import { isWorking, type Intent } from "./plan-record.ts";
import type { TradingDeps } from "./trading-deps.ts";

/**
 * Asks the broker to cancel every order that rests there, and says what it answered, one sentence each. What becomes
 * of them is seen at the next look; an order whose cancel failed is cancelled again by the next cycle.
 */
export async function cancelResting(
  { broker, guard, sendMarginMs }: Pick<TradingDeps, "broker" | "guard" | "sendMarginMs">,
  open: readonly Intent[],
): Promise<readonly string[]> {
  const said: string[] = [];
  for (const { brokerOrderId, clientOrderId, state } of open) {
    if (brokerOrderId === null || !isWorking(state)) continue;
    guard.check(sendMarginMs);
    try {
      const answer = await broker.cancel(brokerOrderId);
      said.push(`${clientOrderId}: ${answer === "accepted" ? "cancelled" : "too late to cancel"}`);
    } catch (error) {
      said.push(
        `${clientOrderId}: not known whether cancelled (${error instanceof Error ? error.message : "unknown"})`,
      );
    }
  }
  return said;
}
