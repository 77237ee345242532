import { randomBytes } from "node:crypto";
import { createMember } from "./core/member.ts";
import { presets } from "./core/timing.ts";
import type { NodeConfig } from "./io/node-files.ts";
import type { VoteFile } from "./io/vote-file.ts";
import { LeaseShell } from "./lease-shell.ts";
import type { LeasePorts } from "./lease-shell.ts";
import type { LinkChild } from "./link-child.ts";
import type { Others } from "./members.ts";

export type NodeLeaseParts = Omit<LeasePorts, "persist" | "failed"> & {
  readonly config: NodeConfig;
  readonly votes: VoteFile;
  readonly link: LinkChild;
  /** Who is who by the roster in force. */
  readonly others: Others;
  /** Called when a vote could not be made durable: this node must not say another word. */
  readonly failed: () => void;
};

/**
 * The lease core of a node as its vote file and its roster have it, not started. What it votes is durable in that file,
 * and promised by the receiver, before anybody hears of it [HA-2] [HA-5].
 */
export function createLease({ config, votes, link, others, failed, ...ports }: NodeLeaseParts): LeaseShell {
  const { peer, arbiter, arbiterKind } = others;
  const member = createMember({
    name: config.name,
    boot: randomBytes(8).toString("hex"),
    nonce: randomBytes(8).toString("hex"),
    timing: presets[config.preset],
    record: votes.record,
    arbiterKind,
    peer: peer?.name ?? null,
    arbiter: arbiter?.name ?? null,
    nowMs: ports.nowMs(),
  });
  return new LeaseShell(member, {
    ...ports,
    persist: async (record) => {
      await votes.write(record);
      await link.fence(record);
    },
    failed: (error) => {
      ports.log.fatal({ err: error }, "a vote could not be made durable; a voter that forgets must not vote");
      failed();
    },
  });
}
