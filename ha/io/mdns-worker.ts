import { networkInterfaces } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { keepCompiled } from "./compile-cache.ts";
import { type InstanceOrder, MdnsInstance } from "./mdns-instance.ts";
import { bootMs, countTurn, leaseStands } from "./mdns-shared.ts";
import { mdnsSites } from "./mdns-sites.ts";
import type { FromMdnsWorker, MdnsWorkerData, ToMdnsWorker } from "./mdns-thread.ts";

/** The thread that bonjour-service runs in: when it crashes or blocks, the agent does not. */

const TURN_MS = 1_000;
const ASK_EVERY_MS = 10_000;
const REPORTS_PER_TURN_MAX = 50;
const TOLD_MAX = 8;
const FORGET_EVERY_TURNS = 600;

if (parentPort === null) throw new Error("this file runs in a worker thread");
const parent = parentPort;
const say = (message: FromMdnsWorker) => parent.postMessage(message, []);

const data: MdnsWorkerData = workerData;
let advert = data.advert;
let reports = 0;
let turns = 0;
const told = new Set<string>();
let ownAddresses: readonly string[] = [];
const instances = new Map<string, MdnsInstance>();

/** A storm of packets is not worth more than this many messages to the agent. */
function report(message: FromMdnsWorker): void {
  reports += 1;
  if (reports <= REPORTS_PER_TURN_MAX) say(message);
}

const order = (): InstanceOrder => ({
  advert,
  clusterId: data.clusterId,
  port: data.port,
  onSighting: (sighting) => report({ kind: "sighting", ...sighting }),
  onClaim: (name, address) => report({ kind: "claim", name, address }),
  ownAddresses: () => ownAddresses,
  leads: () => leaseStands(data.shared, bootMs()),
  nowMs: () => performance.now(),
});

/** One instance for each interface there is now; a replugged adapter's is made anew, and says at once what this node is. */
function mend(): void {
  const all = networkInterfaces();
  ownAddresses = Object.values(all).flatMap((each) => (each ?? []).map(({ address }) => address));
  const sites = mdnsSites(all, data.interfaces);
  for (const [key, instance] of instances) {
    if (sites.some((site) => site.key === key) && instance.broken === null) continue;
    if (instance.broken !== null) tell(instance.broken);
    instances.delete(key);
    void instance.close();
  }
  for (const site of sites) if (!instances.has(site.key)) instances.set(site.key, new MdnsInstance(site, order()));
}

/** Each problem once in a while, however often it shows. */
function tell(text: string): void {
  if (told.has(text) || told.size >= TOLD_MAX) return;
  told.add(text);
  say({ kind: "problem", text });
}

function turn(): void {
  turns += 1;
  reports = 0;
  if (turns % FORGET_EVERY_TURNS === 0) told.clear();
  mend();
  for (const instance of instances.values()) instance.review();
  countTurn(data.shared);
}

const timers = [
  setInterval(turn, TURN_MS),
  setInterval(() => {
    for (const instance of instances.values()) instance.refresh();
  }, ASK_EVERY_MS),
];

parent.on("message", (message: ToMdnsWorker) => {
  switch (message.kind) {
    case "advertise":
      advert = message.advert;
      for (const instance of instances.values()) instance.update(advert);
      return;
    case "lease":
      for (const instance of instances.values()) instance.review();
      return;
    case "stop":
      for (const timer of timers) clearInterval(timer);
      void Promise.all([...instances.values()].map((instance) => instance.close())).then(() => {
        say({ kind: "stopped" });
        return parent.close();
      });
  }
});

turn();
keepCompiled();
