import { cut, down, mood, wipe } from "./faults.ts";
import { onDatagram } from "./agent.ts";
import * as moments from "./moments.ts";
import { pairOf } from "./moments.ts";
import type { Script } from "./moments.ts";
import { inSyncOf } from "./replica.ts";
import { switchOver } from "./switchover.ts";
import { bootOf, hostOf, recordOf } from "./world.ts";
import type { Host, World } from "./world.ts";

type Hosts = { readonly a: Host; readonly b: Host; readonly w: Host };

const hostsOf = (world: World): Hosts => ({ ...pairOf(world), w: hostOf(world, "w") });

const at = (world: World, fromMs: number, toMs: number, run: (hosts: Hosts) => void): void =>
  moments.at(world, fromMs, toMs, () => run(hostsOf(world)));

const when = (world: World, isSo: (hosts: Hosts) => boolean, run: (hosts: Hosts) => void): void =>
  moments.when(
    world,
    () => isSo(hostsOf(world)),
    () => run(hostsOf(world)),
  );

const longMs = 4_000;

const witnessVotesForB = ({ w }: Hosts): boolean => w.persisting.some(({ record }) => record.holder === "b");
const standbyCopies = ({ b }: Hosts): boolean => b.incoming !== null;
const standbyIsAdmitted = ({ b }: Hosts): boolean =>
  recordOf(b)?.sync.inSync.includes("b") === true && b.incoming !== null;

/** The primary lives by the witness alone, its standby still receives; then the witness restarts. */
export const witnessRestarts: Script = (world) =>
  at(world, 900, 1_400, ({ a, b }) => {
    cut(world, a, b, longMs, "lease ");
    cut(world, b, a, longMs, "lease ");
    at(world, 1_000, 1_600, ({ w }) => down(world, w, world.random.between(5, 150), "host"));
  });

/** The witness grants the standby's election, dies with the vote unwritten, and meets the old primary first. */
export const voteInTheAir: Script = (world) =>
  at(world, 900, 1_400, ({ a, b, w }) => {
    down(world, a, world.random.between(1_000, 1_900), "host");
    cut(world, b, a, longMs, "lease ");
    mood(world, longMs, () => (world.persistMs = 300));
    when(world, witnessVotesForB, () => at(world, 5, 60, () => down(world, w, world.random.between(5, 60), "host")));
  });

/** What the old primary shipped arrives when the new one already works. */
export const lateShips: Script = (world) =>
  at(world, 900, 1_400, ({ a, b, w }) => {
    mood(world, longMs, () => {
      world.network.late = 0.6;
      world.network.lateMs = 2_000;
    });
    for (const other of [b, w]) {
      cut(world, a, other, 2_500, "lease ");
      cut(world, other, a, 2_500, "lease ");
    }
  });

/** The lease went over and came back; a write of its first time arrives, and then its holder dies. */
export const shipFromLongAgo: Script = (world) =>
  at(world, 900, 1_400, ({ a }) => {
    const epoch = a.app?.epoch ?? 0;
    const old = {
      kind: "ship",
      from: "a",
      to: "b",
      boot: bootOf(a),
      seq: 0,
      epoch,
      head: a.disk.ledger?.head ?? null,
    } as const;
    switchOver(world, a, "b");
    when(
      world,
      ({ b }) => b.app !== null && inSyncOf(b).length === 2,
      ({ b }) => switchOver(world, b, "a"),
    );
    when(
      world,
      (hosts) => (hosts.a.app?.epoch ?? 0) > epoch && inSyncOf(hosts.a).length === 2,
      () => {
        onDatagram(world, old, world.nowMs);
        at(world, 320, 400, (hosts) => down(world, hosts.a, longMs, "host"));
      },
    );
  });

/** After a switchover the old primary begins its new copy before anybody heard that it is out of the set. */
export const deathInMidRestore: Script = (world) =>
  at(world, 900, 1_400, ({ a }) => {
    switchOver(world, a, "b");
    when(
      world,
      (hosts) => recordOf(hosts.a)?.holder === "b",
      ({ b, w }) => {
        cut(world, b, hostOf(world, "a"), longMs, "lease ");
        cut(world, b, w, longMs, "lease ");
      },
    );
    when(
      world,
      (hosts) => hosts.a.incoming !== null,
      ({ b }) => down(world, b, longMs, "host"),
    );
  });

/** The standby comes back without its disk, and the primary dies before it has shipped anything to it. */
export const wipedStandby: Script = (world) =>
  at(world, 900, 1_400, ({ b }) => {
    wipe(world, b, world.random.between(5, 60));
    when(world, standbyCopies, ({ a }) => down(world, a, longMs, "host"));
  });

/** Acknowledgements of a disk that is gone arrive when its successor has just been enrolled. */
export const lateAcks: Script = (world) =>
  at(world, 900, 1_400, ({ b }) => {
    world.writing = false;
    at(world, 2_500, 2_600, () => (world.writing = true));
    mood(world, 1_500, () => {
      world.network.late = 0.7;
      world.network.lateMs = 2_000;
    });
    at(world, 300, 600, () => wipe(world, b, world.random.between(5, 100)));
    when(world, standbyIsAdmitted, ({ a }) => down(world, a, longMs, "host"));
  });
