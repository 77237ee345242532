import { gainOf } from "../stock.ts";
import { type Refusal, type Situation, first, percent, refuse, score } from "./refusal.ts";

/** What makes a stock not worth buying now. Asked when a plan is made, not when one that stands is carried out. */
export function meritsBuying(situation: Pick<Situation, "input" | "stock">): Refusal | null {
  return meritsAShare(situation) ?? unfitHere(situation) ?? tooHigh(situation) ?? falling(situation);
}

/** What keeps a stock that is not held from having a share in the targets. */
export function meritsAShare({ input, stock }: Pick<Situation, "input" | "stock">): Refusal | null {
  const { scoreMin, confidenceMin } = input.settings;
  return first(
    !stock.allowBuy && refuse("flag", "it may not be bought"),
    stock.score === null && refuse("score", "it has no score"),
    stock.score !== null &&
      stock.score < scoreMin &&
      refuse("score", `it scores ${score(stock.score)}, ${score(scoreMin)} is the least`),
    stock.confidence < confidenceMin &&
      refuse(
        "confidence",
        `its score is known to ${percent(stock.confidence)}, ${percent(confidenceMin)} is the least`,
      ),
  );
}

/** The score by itself was asked for a share in the targets; here it may only speak against a purchase. */
function unfitHere({ input, stock }: Pick<Situation, "input" | "stock">): Refusal | null {
  const { scoreMin } = input.settings;
  if (stock.scoreInPortfolio === null) return refuse("score", "it has no score in this portfolio");
  if (stock.scoreInPortfolio >= scoreMin) return null;
  return refuse(
    "score",
    `it scores ${score(stock.scoreInPortfolio)} in this portfolio, ${score(scoreMin)} is the least`,
  );
}

function tooHigh({ input, stock }: Pick<Situation, "input" | "stock">): Refusal | null {
  const { priceToHighMax } = input.settings;
  if (stock.priceToHigh === null) return refuse("52-week high", "its highest close of 52 weeks is not known");
  if (stock.priceToHigh < priceToHighMax) return null;
  const stands = `it stands at ${percent(stock.priceToHigh)} of its high of 52 weeks`;
  return refuse("52-week high", `${stands}, from ${percent(priceToHighMax)} on it is not bought`);
}

/** Averaging down is for good companies only. */
function falling({ input, stock }: Pick<Situation, "input" | "stock">): Refusal | null {
  const { averagingQualityMin, lossMax } = input.settings;
  const gain = stock.qty > 0 ? gainOf(stock) : 0;
  if (gain !== null && gain >= -lossMax) return null;
  if (stock.quality !== null && stock.quality >= averagingQualityMin) return null;
  const lost = gain === null ? "its gain or loss is not known" : `it has lost ${percent(-gain)} of its cost`;
  const quality = stock.quality === null ? "not known" : score(stock.quality);
  return refuse(
    "averaging down",
    `${lost} and its quality is ${quality}, ${score(averagingQualityMin)} is the least for more`,
  );
}

/** What keeps a stock from having a target at all. */
export function aimless({ input, stock }: Pick<Situation, "input" | "stock">): Refusal | null {
  const { regions, industries } = input.settings;
  const industry = stock.industries.find((name) => !((industries[name] ?? 0) > 0));
  return first(
    stock.untradable !== null && refuse("broker", stock.untradable),
    !((regions[stock.region] ?? 0) > 0) && refuse("no target", `its region ${stock.region || "(none)"} has no target`),
    industry !== undefined && refuse("no target", `its industry ${industry} has no target`),
    stock.industries.length === 0 && refuse("no target", "it has no industry"),
  );
}
