import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { verifySteps } from "../../ha/io/verification-messages.ts";
import type { Verification, VerifyStep } from "../../ha/io/verification-messages.ts";
import { CliError, exitCodes } from "./exit.ts";
import { dataOption, withJson } from "./options.ts";
import { say, sayJson } from "./output.ts";

type VerifyOptions = { data: string; json?: true };
/** Where the verification runs: here, or on the standby of the primary that was asked. */
type Place = { begin(): Promise<Verification>; look(): Promise<Verification> };

const lookEveryMs = 200;
const limitMs = 8 * 60_000;
const askLimitMs = 3_000;

const stepTexts: Readonly<Record<VerifyStep, string>> = {
  digest: "asking the primary what its ledger holds",
  restore: "restoring what was received into a scratch file",
  integrity: "checking every page of it",
  compare: "comparing its rows with the primary's",
};

/** Adds `trader verify`: proves that the standby's copy can be restored and is what the primary has. */
export function addVerify(program: Command): void {
  const command = program
    .command("verify")
    .description("restore the standby's copy into a scratch file and compare it with the primary; on either node")
    .addOption(dataOption());
  withJson(command).action(verify);
}

async function verify({ data, json }: VerifyOptions): Promise<void> {
  const { askAgent } = await import("./agent-call.ts");
  const { agentViewSchema } = await import("./agent-view.ts");
  const status = { dataDir: data, method: "GET", route: "/status", limitMs: askLimitMs } as const;
  const { role } = await askAgent(status, agentViewSchema);
  const place = role === "primary" ? await onStandby(data) : await here(data);
  const ended = await watch(place, (steps) => {
    if (json !== true) for (const step of steps) say(`  ${stepTexts[step]} …`);
  });
  if (json) sayJson(ended);
  else say(verdict(ended));
  process.exitCode = exitCodeOf(ended);
}

async function here(dataDir: string): Promise<Place> {
  const { askAgent } = await import("./agent-call.ts");
  const { verificationSchema } = await import("../../ha/io/verification-messages.ts");
  const ask = (method: "GET" | "POST") =>
    askAgent({ dataDir, method, route: "/verify", limitMs: askLimitMs }, verificationSchema);
  return { begin: () => ask("POST").catch(notVerified), look: () => ask("GET") };
}

/** A primary's own agent makes no connections: the standby is asked from here, as one member asks another. */
async function onStandby(dataDir: string): Promise<Place> {
  const { peerOf } = await import("./peer-call.ts");
  const { verificationSchema } = await import("../../ha/io/verification-messages.ts");
  const peer = await peerOf(dataDir);
  if (peer === null)
    throw new CliError("No second node has joined: there is no copy that could be verified.", exitCodes.refused);
  return {
    begin: () => peer.ask("verify", verificationSchema).catch(notVerified),
    look: () => peer.ask("verification", verificationSchema),
  };
}

/** Not begun, so that nothing is known of the copy: no failure of it. */
function notVerified(cause: unknown): never {
  if (cause instanceof CliError && cause.exitCode !== exitCodes.failed) throw cause;
  throw new CliError("Not verified", exitCodes.refused, { cause });
}

/** Resolves when the one that was begun, or was on its way already, has ended; no step is passed over. */
async function watch(place: Place, onSteps: (steps: readonly VerifyStep[]) => void): Promise<Verification> {
  const deadlineMs = performance.now() + limitMs;
  const begun = await place.begin();
  let shown = 0;
  for (let now = begun; ; now = await place.look()) {
    const over = now.step === null && now.ended > begun.ended;
    const at = over ? (now.last?.outcome.kind === "sound" ? verifySteps.length : shown) : stepsUntil(now.step);
    // A second attempt begins with the first step again.
    onSteps(verifySteps.slice(Math.min(shown, at), at));
    shown = at;
    if (over) return now;
    if (performance.now() > deadlineMs) throw new CliError("The verification goes on still.", exitCodes.inProgress);
    await sleep(lookEveryMs);
  }
}

const stepsUntil = (step: VerifyStep | null): number => (step === null ? 0 : verifySteps.indexOf(step) + 1);

/** What came of it, in one sentence. */
export function verdict({ node, last }: Verification): string {
  const outcome = last?.outcome ?? { kind: "undone" as const, reason: "its agent was started anew meanwhile" };
  switch (outcome.kind) {
    case "sound": {
      const { epoch, txid, rows, bytes } = outcome;
      const took = `${((last?.tookMs ?? 0) / 1_000).toFixed(1)} s`;
      return `Verified: the copy on ${node} was restored, is sound, and is what the primary has at ${epoch}/${txid} (${rows} rows, ${(bytes / 1024 / 1024).toFixed(1)} MB, in ${took}).`;
    }
    case "damaged":
      return `Damaged: the copy on ${node} at ${outcome.epoch}/${outcome.txid}: ${outcome.reason}. Replace it, on ${node}: trader reinit ${node}`;
    case "undone":
      break;
  }
  return `Not verified: ${outcome.reason}.`;
}

function exitCodeOf({ last }: Verification): number {
  switch (last?.outcome.kind) {
    case "sound":
      return exitCodes.done;
    case "damaged":
      return exitCodes.failed;
    case "undone":
    case undefined:
      break;
  }
  return exitCodes.refused;
}
