import { gainOf } from "../stock.ts";
import { type Refusal, type Situation, daysSince, firstBut, percent, refuse } from "./refusal.ts";

/** What forbids buying a stock now, however many: who is asked, the owner's flags, and what was done lately. */
export function mayBuy({ input, stock, waived }: Situation): Refusal | null {
  const { buyCoolOffDays } = input.settings;
  const days = stock.lastBoughtMs === null ? Infinity : daysSince(stock.lastBoughtMs, input);
  return firstBut(
    waived,
    input.allowances.buy !== null && refuse("protection", input.allowances.buy),
    stock.untradable !== null && refuse("broker", stock.untradable),
    stock.blocked !== null && refuse("blocked", stock.blocked),
    stock.priceEur === null && refuse("price", "it has no price"),
    !stock.active && refuse("flag", "it has left the universe"),
    !stock.allowBuy && refuse("flag", "it may not be bought"),
    !(days >= buyCoolOffDays) &&
      refuse("buy cool-off", `bought ${days.toFixed(1)} days ago, again after ${buyCoolOffDays}`),
  );
}

/** What forbids selling a stock now, however many. What is not known of a holding forbids it too. */
export function maySell({ input, stock, waived }: Situation): Refusal | null {
  const { sellCoolOffDays, holdDaysMin, lossMax } = input.settings;
  const gain = gainOf(stock);
  const heldDays = stock.heldSinceMs === null ? null : daysSince(stock.heldSinceMs, input);
  const soldDays = stock.lastSoldMs === null ? Infinity : daysSince(stock.lastSoldMs, input);
  return firstBut(
    waived,
    input.allowances.sell !== null && refuse("protection", input.allowances.sell),
    stock.untradable !== null && refuse("broker", stock.untradable),
    stock.blocked !== null && refuse("blocked", stock.blocked),
    stock.priceEur === null && refuse("price", "it has no price"),
    !stock.allowSell && refuse("flag", "it may not be sold"),
    heldDays === null &&
      refuse("minimum hold", `it is not known since when it is held; ${holdDaysMin} days are the least`),
    heldDays !== null &&
      !(heldDays >= holdDaysMin) &&
      refuse("minimum hold", `held for ${heldDays.toFixed(1)} days, ${holdDaysMin} are the least`),
    !(soldDays >= sellCoolOffDays) &&
      refuse("sell cool-off", `sold ${soldDays.toFixed(1)} days ago, again after ${sellCoolOffDays}`),
    gain === null && refuse("loss block", "its gain or loss is not known"),
    gain !== null &&
      gain < -lossMax &&
      refuse("loss block", `it has lost ${percent(-gain)} of its cost, and from ${percent(lossMax)} on it is kept`),
  );
}
