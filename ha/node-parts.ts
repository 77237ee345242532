import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Logger } from "pino";
import type { AgentHistory } from "./agent-history.ts";
import { AppChild } from "./app-child.ts";
import type { AppWatch } from "./app-watch.ts";
import type { Member as LeaseMember } from "./core/member.ts";
import { presets } from "./core/timing.ts";
import { readNodeConfig } from "./io/node-files.ts";
import type { Member, Roster } from "./io/node-files.ts";
import type { VerifyOrder } from "./io/verification-messages.ts";
import { LinkChild } from "./link-child.ts";
import type { Reply } from "./link/agent-port.ts";
import type { AgentWord } from "./link/join-desk.ts";
import type { Question } from "./link/protocol.ts";
import { NodeDisk } from "./node-disk.ts";
import type { PrimaryDuty } from "./primary-duty.ts";
import { StandbyDuty } from "./standby-duty.ts";
import { Verifier } from "./verifier.ts";

export type AgentOptions = {
  readonly dataDir: string;
  /** Command line of the app, without `--data`. */
  readonly appCommand: readonly string[];
  readonly appEnv: NodeJS.ProcessEnv;
  /** Ends with this process too; null: with nobody. */
  readonly lifelinePid: number | null;
  /** May Litestream be fetched when it is not on this machine? */
  readonly fetchLitestream: boolean;
  /** How often a standby verifies its copy by itself; null: never. */
  readonly verifyEveryMs: number | null;
  readonly appWatch?: AppWatch;
  readonly log?: Logger;
};

/** What the parts of a node tell its agent. */
type PartEvents = {
  /** Something that is shown, or that decides whether this node could lead, has changed. */
  readonly review: () => void;
  readonly primary: () => PrimaryDuty;
  /** The peer has a newer roster. */
  readonly roster: (roster: Roster) => void;
  readonly nowMs: () => number;
  readonly member: () => LeaseMember;
  /** Where the other node's receiver is. */
  readonly peerReceiver: () => VerifyOrder["primary"] | null;
  /** A member asks. */
  readonly question: (about: Question) => Promise<Reply>;
  /** The word about one who shows a good token; with `admit` it is a member from then on. */
  readonly applicant: (member: Member, admit: boolean) => AgentWord;
};

export type NodeParts = {
  readonly disk: NodeDisk;
  readonly link: LinkChild;
  readonly app: AppChild;
  readonly standby: StandbyDuty;
  readonly verifier: Verifier;
};

/** The processes and files of one node, wired to each other; nothing is started. */
export function createParts(
  options: AgentOptions,
  history: AgentHistory,
  binary: string,
  log: Logger,
  on: PartEvents,
): NodeParts {
  const { dataDir } = options;
  const runDir = join(dataDir, "run");
  const config = readNodeConfig(dataDir);
  const { leaseMs } = presets[config.preset];
  const credentials = {
    TRADER_LINK_USER: randomBytes(12).toString("hex"),
    TRADER_LINK_PASSWORD: randomBytes(24).toString("hex"),
  };
  const link: LinkChild = new LinkChild({
    dataDir,
    env: { ...process.env, ...credentials },
    runDir,
    log,
    leaseMs,
    events: {
      received: on.review,
      peer: (state) => on.primary().replication?.onPeer(state),
      connector: (port) => on.primary().replication?.onConnector(port),
      roster: on.roster,
      question: ({ id, about }) =>
        void on
          .question(about)
          .catch((error: unknown) => ({
            status: 500,
            body: { error: error instanceof Error ? error.message : "failed" },
          }))
          .then((reply) => link.send({ kind: "answer", id, status: reply.status, body: { ...reply.body } })),
      joinRequest: ({ id, member, admit }) => link.send({ kind: "join-answer", id, ...on.applicant(member, admit) }),
    },
  });
  const app = new AppChild({
    command: [...options.appCommand, "--data", dataDir],
    env: options.appEnv,
    runDir,
    log,
    leaseMs,
    events: {
      gone: (how, reason) => options.appWatch?.appGone(how, reason),
      ready: () => {
        options.appWatch?.appReady();
        on.primary().appReady();
        on.review();
      },
      opened: () => {
        on.primary().appOpened();
        on.review();
      },
      confirmRequest: (n) => on.primary().confirm(n),
      cannotRun: (reason) => on.primary().cannotRun(reason),
      failed: (how, reason) => on.primary().appFailed(how, reason),
    },
  });
  const disk: NodeDisk = new NodeDisk({
    dataDir,
    binary,
    credentials,
    log,
    received: () => link.newest,
    stopStandby: () => standby.stop(),
  });
  const standby = new StandbyDuty({
    received: () => link.newest,
    lineageEpoch: () => disk.onDisk().lineageEpoch,
    startWarmCopy: (epoch) => disk.startWarmCopy(epoch),
    rejoin: (epoch, signal) => disk.rejoin(epoch, signal),
    prune: (keep) => link.send({ kind: "prune", keep: [...keep] }),
    rejoined: (fromEpoch, toEpoch, outcome) =>
      history.write({ kind: "rejoined", fromEpoch: fromEpoch ?? toEpoch, toEpoch, ...outcome }),
    log,
  });
  const verifier = new Verifier({
    node: config.name,
    dataDir,
    binary,
    everyMs: options.verifyEveryMs,
    nowMs: on.nowMs,
    wallMs: () => Date.now(),
    member: on.member,
    received: () => link.newest,
    copyBytes: () => disk.copyBytes(),
    primary: on.peerReceiver,
    ended: (verified) => history.verified(verified),
    log,
  });
  return { disk, link, app, standby, verifier };
}
