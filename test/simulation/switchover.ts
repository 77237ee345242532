import type { Name } from "../../ha/core/messages.ts";
import { feed, inLoop } from "./agent.ts";
import { endApp } from "./app.ts";
import { trip } from "./faults.ts";
import { inSyncOf, peerOf, ship } from "./replica.ts";
import { bootOf, log } from "./world.ts";
import type { App, Host, World } from "./world.ts";

/** How long a drain may take, and how long the rest of the way to the standby. */
const drainMsMax = 400;
const flushMsMax = 300;
const pollMs = 10;

/** A planned change: the app is drained, everything is confirmed, the app is dead, and only then the release. */
export function switchOver(world: World, host: Host, successor: Name | null): void {
  inLoop(world, host, world.nowMs, () => {
    const { app, member } = host;
    if (member?.phase.kind !== "primary" || app === null || app.drained || app.stopping.signal.aborted) return;
    if (!inSyncOf(host).includes(peerOf(host))) return;
    app.stopping.abort();
    drain(world, host, app, successor, world.nowMs + drainMsMax);
  });
}

function drain(world: World, host: Host, app: App, successor: Name | null, untilMs: number): void {
  inLoop(world, host, world.nowMs + pollMs, () => {
    if (host.app !== app) return;
    if (app.busy && world.nowMs < untilMs) return drain(world, host, app, successor, untilMs);
    // Whatever still runs can write no more.
    app.drained = true;
    ship(world, host);
    release(world, host, app, successor, world.nowMs + flushMsMax);
  });
}

function release(world: World, host: Host, app: App, successor: Name | null, untilMs: number): void {
  inLoop(world, host, world.nowMs + pollMs, () => {
    const { primary, disk } = host;
    if (host.app !== app || host.member?.phase.kind !== "primary") return;
    const flushed = primary.hasAck && primary.acked === disk.ledger?.head && inSyncOf(host).includes(peerOf(host));
    if (!flushed && world.nowMs < untilMs) return release(world, host, app, successor, untilMs);
    world.coverage.hit("switchover", flushed ? "released" : "put back");
    if (!flushed) return putBack(app);
    log(world, () => `${bootOf(host)} hands over`);
    endApp(world, host);
    feed(world, host, { kind: "release", successor });
    trip(world, host, "release");
  });
}

function putBack(app: App): void {
  app.drained = false;
  app.stopping = new AbortController();
  app.resume?.();
  app.resume = null;
}
