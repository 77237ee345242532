import { askAgent } from "./agent-call.ts";
import { agentViewSchema, handoverSchema } from "./agent-view.ts";
import { consent } from "./consent.ts";
import { HANDOVER_LIMIT_MS, handoverExitCode, sayHandover } from "./handover.ts";

/** A change of the members as a command was given it; `word`: what a person types to agree, "own-name" the node's own. */
export type MembersOrder = {
  readonly data: string;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
  readonly route: "/arbiter" | "/retire" | "/address";
  readonly body: object;
  readonly question: string;
  readonly word: string | null;
};

/** Asks the person, then the agent, and shows each check by its name and what came of it. */
export async function changeMembers(order: MembersOrder): Promise<void> {
  const { data: dataDir, route, question } = order;
  const dryRun = order.dryRun === true;
  if (!dryRun) {
    const status = { dataDir, method: "GET", route: "/status", limitMs: 2_000 } as const;
    const word = order.word === "own-name" ? (await askAgent(status, agentViewSchema)).node : order.word;
    await consent(question, order.yes === true, word);
  }
  const request = { dataDir, method: "POST", route, limitMs: HANDOVER_LIMIT_MS } as const;
  const outcome = await askAgent({ ...request, body: { ...order.body, dryRun } }, handoverSchema);
  sayHandover(outcome, order.json === true);
  process.exitCode = handoverExitCode(outcome);
}
