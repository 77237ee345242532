import type { Command } from "commander";
import { dataOption, withJson } from "./options.ts";

type FailoverOptions = { data: string; dryRun?: true; yes?: true; acceptDataLoss?: true; json?: true };

/** Adds `trader failover`: makes this node lead by an operator's word, when the other is off and nothing does it by itself. */
export function addFailover(program: Command): void {
  const command = program
    .command("failover")
    .description("make this node lead although the other cannot agree; make sure that the other board is off")
    .addOption(dataOption())
    .option("--dry-run", "show the checks with both nodes' positions, change nothing")
    .option("--yes", "do not ask: the other board is off")
    .option("--accept-data-loss", "lead even if this node lacks confirmed writes");
  withJson(command).action(failover);
}

async function failover(options: FailoverOptions): Promise<void> {
  const { askAgent } = await import("./agent-call.ts");
  const { agentViewSchema, handoverSchema } = await import("./agent-view.ts");
  const { consent } = await import("./consent.ts");
  const { HANDOVER_LIMIT_MS, handoverExitCode, sayHandover } = await import("./handover.ts");
  const { data: dataDir } = options;
  const view = await askAgent({ dataDir, method: "GET", route: "/status", limitMs: 2_000 }, agentViewSchema);
  const acceptDataLoss = options.acceptDataLoss === true;
  const holds = view.inSync.includes(view.node);
  const loss = holds ? `${view.node} holds everything confirmed.` : `${view.node} may lack confirmed writes.`;
  const other = view.peer?.name ?? null;
  const condition =
    other === null
      ? ""
      : ` ${other} must be off, and must not be started where it cannot hear ${view.node}: otherwise two nodes may lead.`;
  const dryRun = options.dryRun === true;
  if (!dryRun) await consent(`Make ${view.node} lead?${condition} ${loss}`, options.yes === true, other ?? view.node);
  const request = { dataDir, method: "POST", route: "/failover", limitMs: HANDOVER_LIMIT_MS } as const;
  const handover = await askAgent({ ...request, body: { acceptDataLoss, dryRun } }, handoverSchema);
  sayHandover(handover, options.json === true);
  process.exitCode = handoverExitCode(handover);
}
