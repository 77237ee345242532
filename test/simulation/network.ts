import type { Message } from "../../ha/core/messages.ts";
import { onDatagram } from "./agent.ts";
import { log } from "./world.ts";
import type { Datagram, Network, World } from "./world.ts";

const keptForReplay = 400;

export const createNetwork = (): Network => ({
  base: { loss: 0, duplication: 0 },
  loss: 0,
  duplication: 0,
  late: 0,
  lateMs: 0,
  cuts: new Set(),
  lossOf: new Map(),
  sent: [],
});

/** Peace: nothing is lost or late any more. */
export function calm(network: Network): void {
  network.base = { loss: 0, duplication: 0 };
  Object.assign(network, network.base);
  network.late = 0;
  network.cuts.clear();
  network.lossOf.clear();
}

/** Loses, delays, doubles and reorders by the network's present mood. */
export function send(world: World, message: Datagram): void {
  const { network, random } = world;
  if (message.kind !== "ship" && message.kind !== "ack") {
    if (network.sent.length < keptForReplay) network.sent.push({ message, atMs: world.nowMs });
    else network.sent[Math.floor(random.next() * keptForReplay)] = { message, atMs: world.nowMs };
  }
  const copies = random.chance(network.duplication) ? 2 : 1;
  for (let copy = 0; copy < copies; copy++) {
    const lost = isCut(network, message) || random.chance(lossOn(network, message));
    if (lost) {
      log(world, () => `  lost ${describe(message)}`);
      continue;
    }
    const late = random.chance(network.late);
    const delayMs = late ? random.between(10, network.lateMs) : random.between(0.2, 8);
    deliverAt(world, message, delayMs, world.nowMs);
  }
}

const lossOn = ({ loss, lossOf }: Network, { from, to }: Datagram): number =>
  lossOf.size === 0 ? loss : Math.max(loss, lossOf.get(`${from}>${to}`) ?? 0);

function isCut({ cuts }: Network, message: Datagram): boolean {
  if (cuts.size === 0) return false;
  const path = `${message.from}>${message.to}`;
  return cuts.has(path) || (message.kind !== "ship" && message.kind !== "ack" && cuts.has(`lease ${path}`));
}

/** An old datagram comes again. */
export function replay(world: World, message: Message, sentMs: number, delayMs: number): void {
  deliverAt(world, message, delayMs, sentMs);
}

function deliverAt(world: World, message: Datagram, delayMs: number, sentMs: number): void {
  world.queue.add(world.nowMs + delayMs, () => onDatagram(world, message, sentMs));
}

/** One line of a trace. */
export function describe(message: Datagram): string {
  const head = `${message.from}>${message.to} ${message.kind}`;
  switch (message.kind) {
    case "request":
      return `${head} #${message.seq} ${message.purpose} e${message.epoch} {${message.sync.inSync.join("+")}} ${message.sync.setEpoch}.${message.sync.setVersion}`;
    case "reply":
      return `${head} to ${message.echoBoot}#${message.echoSeq} ${message.purpose} e${message.epoch} ${message.refusal ?? "granted"}`;
    case "release":
      return `${head} e${message.epoch}`;
    case "enrol":
      return `${head} e${message.record.epoch}`;
    case "ship":
    case "ack":
      return `${head} #${message.seq} e${message.epoch} depth ${message.head?.depth ?? 0}`;
  }
}
