import { recordedElsewhere } from "./core/acknowledgement.ts";
import type { Name } from "./core/messages.ts";
import type { LeaseShell } from "./lease-shell.ts";

const recordLimitMs = 5_000;

/** How a change of the maintenance flag went; nothing is checked beside who leads. */
type Outcome = {
  readonly outcome: "done" | "in-progress" | "refused";
  readonly checks: readonly never[];
  readonly message: string;
};

/**
 * Maintenance belongs to the cluster: the primary changes it, and it counts when another voter has recorded it too.
 * On one node only it would be in force for whoever asks the right one. `primary`: who leads and where that one is heard,
 * as far as is known.
 */
export async function setMaintenance(
  shell: LeaseShell,
  on: boolean,
  primary: { readonly name: Name; readonly host: string } | null,
): Promise<Outcome> {
  const { voter, phase, peer, arbiter } = shell.member;
  if (phase.kind !== "primary") {
    const where =
      primary === null
        ? "nobody leads now"
        : `${primary.name} leads: run "trader maintenance ${on ? "on" : "off"}" there, at ${primary.host}`;
    return { outcome: "refused", checks: [], message: `only the primary changes it for both; ${where}` };
  }
  shell.feed({ kind: "pause", on });
  const alone = peer === null && arbiter === null;
  const recorded = alone || (await shell.until(recordedElsewhere, recordLimitMs));
  const state = on ? "maintenance is on: nobody takes over by itself" : "maintenance is off";
  return recorded
    ? { outcome: "done", checks: [], message: state }
    : {
        outcome: "in-progress",
        checks: [],
        message: `${state}, as far as ${voter.name} goes; no other voter has recorded it yet`,
      };
}
