import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { Handover } from "./agent-view.ts";
import { CliError, exitCodes } from "./exit.ts";
import { dataOption, withJson } from "./options.ts";
import { Progress } from "./progress.ts";

type ReinitOptions = { data: string; dryRun?: true; yes?: true; acceptDataLoss?: true; json?: true };

/** The agent waits until the cluster has recorded that this node must not lead. */
const setAsideLimitMs = 40_000;
const copyLimitMs = 10 * 60_000;
/** A failover meanwhile passes by. */
const leaderlessLimitMs = 20_000;
const lookEveryMs = 500;

/** Adds `trader reinit NODE`: a standby throws its copy away and is copied to anew. */
export function addReinit(program: Command): void {
  const command = program
    .command("reinit")
    .description("throw this standby's copy of the ledger away, into the attic, and copy it anew from the primary")
    .argument("<node>", "the name of this node")
    .addOption(dataOption())
    .option("--dry-run", "show the checks with both nodes' positions, change nothing")
    .option("--yes", "do not ask")
    .option("--accept-data-loss", "do not ask, even if nobody else holds everything confirmed");
  withJson(command).action(reinit);
}

async function reinit(name: string, options: ReinitOptions): Promise<void> {
  const { askAgent } = await import("./agent-call.ts");
  const { handoverSchema } = await import("./agent-view.ts");
  const { consent } = await import("./consent.ts");
  const { handoverExitCode, sayHandover } = await import("./handover.ts");
  const { data: dataDir } = options;
  const dryRun = options.dryRun === true;
  const acceptDataLoss = options.acceptDataLoss === true;
  const json = options.json === true;
  const question = `Throw the copy of the ledger on ${name} away and copy it anew? Until that is done nobody can take over.`;
  if (!dryRun) await consent(question, options.yes === true || acceptDataLoss);
  const request = { dataDir, method: "POST", route: "/reinit", limitMs: setAsideLimitMs } as const;
  const begun = await askAgent({ ...request, body: { name, acceptDataLoss, dryRun } }, handoverSchema);
  const progress = new Progress(json ? { write: () => undefined } : undefined);
  if (begun.outcome === "done") progress.done(begun.message);
  const outcome = begun.outcome === "done" ? await copied(name, begun, options.data, progress) : begun;
  sayHandover(outcome, json);
  process.exitCode = handoverExitCode(outcome);
}

/** Shows what arrives until this node holds everything confirmed. */
async function copied(name: string, begun: Handover, data: string, progress: Progress): Promise<Handover> {
  const { bytesBelow, sizeText } = await import("./copy-ledger.ts");
  const { askAgent } = await import("./agent-call.ts");
  const { agentViewSchema } = await import("./agent-view.ts");
  const deadlineMs = performance.now() + copyLimitMs;
  let ledAtMs = performance.now();
  while (performance.now() < deadlineMs) {
    const request = { dataDir: data, method: "GET", route: "/status", limitMs: 2_000 } as const;
    const { inSync, position, primary, reasons } = await askAgent(request, agentViewSchema);
    // Where nobody leads, the set is that of before, and there is no copy.
    if (inSync.includes(name) && position.txid > 0) {
      progress.done(`the ledger is copied: ${sizeText(bytesBelow(join(data, "replica", "e")))}`);
      return { ...begun, message: `${name} holds everything confirmed again, at ${position.epoch}/${position.txid}` };
    }
    if (primary !== null) ledAtMs = performance.now();
    if (performance.now() - ledAtMs > leaderlessLimitMs)
      return { ...begun, outcome: "in-progress", message: reasons[0] ?? "nobody leads whom it could copy from" };
    const came = sizeText(bytesBelow(join(data, "replica", "e")));
    progress.now(`copying the ledger from ${primary ?? "nobody"}: ${came} have come`);
    await sleep(lookEveryMs);
  }
  throw new CliError(`${name} is still being copied to. Look again with "trader status".`, exitCodes.inProgress);
}
