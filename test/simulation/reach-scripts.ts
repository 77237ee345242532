import { failover, inLoop } from "./agent.ts";
import { isActing } from "./checker.ts";
import { cut, down, silence } from "./faults.ts";
import { at, pairOf, when } from "./moments.ts";
import type { Script } from "./moments.ts";
import { targets } from "./uplink.ts";
import type { Host, World } from "./world.ts";

const longMs = 20_000;

function cutBoth(world: World, lasting: number): void {
  const { a, b } = pairOf(world);
  cut(world, a, b, lasting);
  cut(world, b, a, lasting);
}

/** The cable of node a. */
function unplug(world: World, lasting: number): void {
  cutBoth(world, lasting);
  silence(world, pairOf(world).a, targets, lasting);
}

const leads = (world: World, host: Host): boolean => isActing(world, host);

/** What is confirmed was confirmed alone by this node, in the epoch with which it took over. */
const confirmedAlone = ({ ghost }: World, { name, app }: Host): boolean =>
  app !== null && ghost.confirmed?.epoch === app.epoch && ghost.holders.get(app.epoch) === name && app.epoch > 1;

/** The primary loses everything at once. */
export const pulledCable: Script = (world) => at(world, 900, 1_400, () => unplug(world, longMs));

/** Only the boards are cut from each other, and meet again. */
export const apart: Script = (world) => at(world, 900, 1_400, () => cutBoth(world, world.random.between(1_500, 6_000)));

/** The boards are cut from each other, and the standby from one target too: who is cut off is not for it to say. */
export const halfCut: Script = (world) =>
  at(world, 900, 1_400, () => {
    silence(world, pairOf(world).b, [world.random.pick(targets)], longMs);
    cutBoth(world, longMs);
  });

/** The primary dies soon after its standby fell silent: what it confirmed meanwhile, nobody else has. */
export const deathAfterSilence: Script = (world) =>
  at(world, 900, 1_400, () => {
    cutBoth(world, longMs);
    at(world, 450, 950, () => down(world, pairOf(world).a, longMs, "host"));
  });

/** The standby is away until the primary confirms alone, and comes back when that one is dead. */
export const lateStandby: Script = (world) =>
  at(world, 900, 1_400, () => {
    const { a, b } = pairOf(world);
    down(world, b, 5_600, "host");
    at(world, 5_000, 5_500, () => down(world, a, longMs, "host"));
  });

/** One takes over, and on the other side of the cut an operator makes the old primary lead again. */
export const twoOperators: Script = (world) => {
  const { a, b } = pairOf(world);
  at(world, 900, 1_400, () => unplug(world, longMs));
  when(
    world,
    () => leads(world, b) && !leads(world, a),
    () => {
      a.uplink.silent.clear();
      at(world, 300, 900, () => inLoop(world, a, world.nowMs, () => failover(world, a, true)));
    },
  );
};

/** The old primary is cut off, not restarted; the new one works alone and dies, and then the old one is plugged in. */
export const forgottenTakeover: Script = (world) => {
  const { a, b } = pairOf(world);
  at(world, 900, 1_400, () => unplug(world, longMs));
  when(
    world,
    () => confirmedAlone(world, b),
    () => {
      down(world, b, 4_000, "host");
      a.uplink.silent.clear();
    },
  );
};

/** The old primary comes back beside the one that took over. */
export const latecomer: Script = (world) => {
  const { a, b } = pairOf(world);
  at(world, 900, 1_400, () => down(world, a, longMs, "host"));
  when(
    world,
    () => leads(world, b),
    () => at(world, 0, 400, () => down(world, a, 1, "host")),
  );
};

/** The old primary is switched on when the one that took over is off. */
export const powerBack: Script = (world) => {
  const { a, b } = pairOf(world);
  at(world, 900, 1_400, () => down(world, a, longMs, "host"));
  when(
    world,
    () => confirmedAlone(world, b),
    () => {
      down(world, b, 4_000, "host");
      down(world, a, 100, "host");
    },
  );
};
