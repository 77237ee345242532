import { hostOf } from "./world.ts";
import type { Host, World } from "./world.ts";

/** Strikes at a chosen moment, with some play in it. */
export type Script = (world: World) => void;

const pollMs = 1;

/** `run` happens once, some time between the two from now. */
export const at = (world: World, fromMs: number, toMs: number, run: () => void): void =>
  world.queue.add(world.nowMs + world.random.between(fromMs, toMs), run);

/** Runs once, as soon as it is so; never, if it is not within some leases. */
export function when(world: World, isSo: () => boolean, run: () => void, polls = 12_000): void {
  world.queue.add(world.nowMs + pollMs, () => {
    if (isSo()) run();
    else if (polls > 0) when(world, isSo, run, polls - 1);
  });
}

/** The two nodes of a pair. */
export const pairOf = (world: World): { readonly a: Host; readonly b: Host } => ({
  a: hostOf(world, "a"),
  b: hostOf(world, "b"),
});
