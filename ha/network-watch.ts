import type { Logger } from "pino";
import type { Member, MemberEvent } from "./core/member.ts";
import { wantsProbe } from "./core/quorum.ts";
import { probeEveryMs } from "./core/timing.ts";
import type { Arbiter } from "./io/node-files.ts";
import { Reachability } from "./io/reachability.ts";

export type NetworkPorts = {
  readonly nowMs: () => number;
  readonly member: () => Member;
  readonly feed: (event: MemberEvent) => void;
  readonly log: Logger;
};

/** Tells the core what this node sees of the network, as long as that is the arbiter. */
export class NetworkWatch {
  readonly #ports: NetworkPorts;
  #probes: Reachability | null = null;
  #targets = "";

  constructor(ports: NetworkPorts) {
    this.#ports = ports;
  }

  /** One sentence for the targets that do not answer; null when all do, or none is asked. */
  get trouble(): string | null {
    const silent = this.#probes?.silent ?? [];
    return silent.length === 0
      ? null
      : `No answer from ${silent.join(" and ")}, which tells whether this board is cut off.`;
  }

  /** To be called at the start and whenever the roster changed. */
  follow({ targets }: Arbiter): void {
    if (targets.join() === this.#targets) return;
    this.stop();
    this.#targets = targets.join();
    if (targets.length === 0) return;
    const { nowMs, member, feed, log } = this.#ports;
    const { timing } = member().voter;
    this.#probes = new Reachability({
      targets,
      nowMs,
      limitMs: timing.leaseMs / 4,
      everyMs: () => probeEveryMs(timing, wantsProbe(member(), nowMs())),
      onReach: (sentMs, all) => feed({ kind: "reach", sentMs, all }),
    });
    this.#probes.run();
    log.info({ targets }, "the network is the arbiter");
  }

  stop(): void {
    this.#probes?.stop();
    this.#probes = null;
    this.#targets = "";
  }
}
