import { validUntilMs } from "../../ha/core/validity.ts";
import { inLoop, leaseRuns } from "./agent.ts";
import { bootMs, monotonicMs } from "./clock.ts";
import { ship, tryConfirm } from "./replica.ts";
import { trade } from "./trader.ts";
import { log } from "./world.ts";
import type { App, Host, World, Write } from "./world.ts";

/** The app of a promoted node opens the ledger. */
export function openApp(world: World, host: Host, epoch: number): void {
  if (host.member === null) return;
  const stopping = new AbortController();
  const app: App = { epoch, deadlineMs: 0, stopping, drained: false, busy: false, resume: null };
  host.app = app;
  setDeadline(world, host, validUntilMs(host.member));
  // [HA-8] The machine may have slept since the agent looked at its clock: the app looks itself.
  if (!mayAct(world, host, app)) endApp(world, host);
}

/** From now on it writes and trades. */
export function work(world: World, host: Host, app: App): void {
  writeSometimes(world, host, app);
  if (!world.trades) return;
  void trade(world, host, app);
  world.woken = true;
}

/** [HA-8] The agent says until when: an instant of its elapsed time. */
export function setDeadline(world: World, host: Host, validUntil: number): void {
  const { app, clock } = host;
  if (app === null) return;
  const { appKeepsDeadline, appCountsSleep } = world.parts.shell;
  if (!appKeepsDeadline) app.deadlineMs = Number.POSITIVE_INFINITY;
  else app.deadlineMs = appCountsSleep ? validUntil : validUntil - clock.asleepMs;
}

/** How long this app may still act by its own clock. */
export function remainingMs(world: World, { clock }: Host, app: App): number {
  const nowMs = world.parts.shell.appCountsSleep ? bootMs(clock, world.nowMs) : monotonicMs(clock, world.nowMs);
  return app.deadlineMs - nowMs;
}

const frozen = (world: World, host: Host): boolean => world.nowMs < Math.max(host.asleepUntilMs, host.frozenUntilMs);

/** This app could act at this true instant. */
export const mayAct = (world: World, host: Host, app: App): boolean =>
  remainingMs(world, host, app) > 0 && world.nowMs >= host.asleepUntilMs;

/** Runs in this app's process: not while the machine sleeps or is frozen, and never once the process is gone. */
export function inApp(world: World, host: Host, app: App, atMs: number, run: () => void): void {
  world.queue.add(atMs, () => {
    if (host.app !== app && !host.leftovers.includes(app)) return;
    if (frozen(world, host)) inApp(world, host, app, Math.max(host.asleepUntilMs, host.frozenUntilMs), run);
    else run();
  });
}

/** One transaction: on this node's disk when it returns. */
export function commit(world: World, host: Host, app: App, rows?: Write["rows"]): void {
  const { disk } = host;
  if (disk.ledger === null) return;
  const before = disk.ledger.head;
  const depth = (before?.depth ?? 0) + 1;
  const write = { depth, epoch: app.epoch, before, rows: rows ?? before?.rows ?? new Map() };
  disk.ledger = { ...disk.ledger, head: write };
  world.ghost.newestOf.set(app, write);
  if (!host.up || world.nowMs < host.stalledUntilMs) return;
  ship(world, host);
  tryConfirm(world, host);
}

/** An app writes now and then, while it may act. */
function writeSometimes(world: World, host: Host, app: App): void {
  if (host.app !== app) return;
  if (world.writing && !app.drained && mayAct(world, host, app)) commit(world, host, app);
  inApp(world, host, app, world.nowMs + world.random.between(40, world.writeGapMs), () =>
    writeSometimes(world, host, app),
  );
}

/** [HA-8] The process ends at its deadline by itself. One that was late only is started again in place. */
export function diesOfDeadline(world: World, host: Host, app: App): void {
  if (host.app !== app) return;
  endApp(world, host);
  world.coverage.hit("app", "died of its deadline");
  inLoop(world, host, world.nowMs + world.random.between(50, 300), () => {
    const phase = host.member?.phase;
    if (phase?.kind !== "primary" || host.app !== null || !leaseRuns(world, host)) return;
    if (host.disk.ledger?.epoch !== phase.epoch) return;
    openApp(world, host, phase.epoch);
    if (host.app !== null) work(world, host, host.app);
  });
}

/** The process is killed. */
export function endApp(world: World, host: Host): void {
  if (host.app === null) return;
  log(world, () => `the app of ${host.name} ends`);
  host.app = null;
}
