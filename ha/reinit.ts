import type { AgentHistory } from "./agent-history.ts";
import type { Check } from "./core/change-checks.ts";
import { newestSync } from "./core/member.ts";
import type { Member } from "./core/member.ts";
import { reinitChecks, wholeElsewhere } from "./core/reinit-checks.ts";
import { hindersForRoom } from "./core/verification.ts";
import { freeBytes } from "./io/disk-space.ts";
import type { LeaseShell } from "./lease-shell.ts";
import type { NodeParts } from "./node-parts.ts";

export type ReinitPorts = Pick<NodeParts, "link" | "standby" | "verifier" | "disk"> & {
  readonly dataDir: string;
  readonly shell: LeaseShell;
  readonly history: AgentHistory;
  readonly nowMs: () => number;
};

export type ReinitOrder = { readonly name: string; readonly acceptDataLoss: boolean; readonly dryRun: boolean };

type ReinitOutcome = {
  readonly outcome: "dry-run" | "done" | "refused" | "put-back";
  readonly checks: readonly Check[];
  readonly message: string;
};

/** The primary leaves a standby that does not receive out of the set well before. */
const leftOutLimitMs = 20_000;

/**
 * A standby sets its copy aside and is copied to anew. It stops receiving first and touches no file before the cluster
 * has recorded that it must not lead: a member of the set always has what the set says [HA-6].
 */
export async function reinit(ports: ReinitPorts, order: ReinitOrder): Promise<ReinitOutcome> {
  const { shell, link, disk, history, nowMs } = ports;
  const cramped = hindersForRoom(await disk.copyBytes(), await freeBytes(ports.dataDir));
  const { member } = shell;
  const checks = reinitChecks({ member, ...order, cramped, nowMs: nowMs() });
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length > 0) {
    const message = failed.map(({ name, detail }) => `not so: ${name} (${detail})`).join("; ");
    return { outcome: "refused", checks, message };
  }
  const whole = wholeElsewhere(member, nowMs());
  if (order.dryRun) {
    const from = whole === null ? "nobody is there to copy from" : `${whole} has what it would be copied from`;
    return { outcome: "dry-run", checks, message: `the copy on ${order.name} could be replaced now; ${from}` };
  }
  await link.hold();
  try {
    if (whole !== null && !(await shell.until(mayLeaveCopy, leftOutLimitMs)))
      return { outcome: "put-back", checks, message: `${whole} did not go on without ${order.name}` };
    if (shell.member.phase.kind !== "standby")
      return { outcome: "put-back", checks, message: `${order.name} is no standby any more` };
    const at = member.position;
    ports.verifier.stop();
    await ports.standby.stop();
    const attic = disk.setCopyAside(at);
    ports.verifier.forget();
    history.write({ kind: "reinitialised", epoch: at.epoch, txid: at.txid, attic });
    return { outcome: "done", checks, message: `the old copy is in ${attic}` };
  } finally {
    link.resume();
  }
}

/** It stands in no newest set that it has heard of. */
const mayLeaveCopy = (member: Member): boolean => newestSync(member)?.inSync.includes(member.voter.name) === false;
