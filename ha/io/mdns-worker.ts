import { networkInterfaces } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { keepCompiled } from "./compile-cache.ts";
import { MdnsInstance } from "./mdns-instance.ts";
import { mdnsInterfaces } from "./mdns-records.ts";
import type { FromMdnsWorker, MdnsWorkerData, ToMdnsWorker } from "./mdns-thread.ts";

/** The thread that bonjour-service runs in: when it crashes or blocks, the agent does not. */

const MEND_EVERY_MS = 1_000;
const ASK_EVERY_MS = 10_000;
const SIGHTINGS_PER_SECOND_MAX = 50;

if (parentPort === null) throw new Error("this file runs in a worker thread");
const parent = parentPort;
const say = (message: FromMdnsWorker) => parent.postMessage(message, []);

const data: MdnsWorkerData = workerData;
let advert = data.advert;
let sightings = 0;
let problem = "";
const instances = new Map<string, MdnsInstance>();

/** One instance for each address there is now; a replugged adapter's is made anew, and says at once what this node is. */
function mend(): void {
  const wanted = data.interfaces ?? mdnsInterfaces(networkInterfaces());
  for (const [address, instance] of instances) {
    if (wanted.includes(address) && instance.broken === null) continue;
    report(instance.broken ?? "");
    instances.delete(address);
    void instance.close();
  }
  for (const address of wanted) {
    if (!instances.has(address)) instances.set(address, new MdnsInstance(address, data.port, advert, sight));
  }
}

function sight(sighting: { txt: unknown; host: string; port: number }): void {
  sightings += 1;
  if (sightings <= SIGHTINGS_PER_SECOND_MAX) say({ kind: "sighting", ...sighting });
}

function report(text: string): void {
  if (text !== "" && text !== problem) say({ kind: "problem", text });
  problem = text;
}

function ask(): void {
  for (const instance of instances.values()) instance.refresh();
}

const timers = [
  setInterval(mend, MEND_EVERY_MS),
  setInterval(ask, ASK_EVERY_MS),
  setInterval(() => (sightings = 0), 1_000),
];

parent.on("message", (message: ToMdnsWorker) => {
  switch (message.kind) {
    case "advertise":
      advert = message.advert;
      for (const instance of instances.values()) instance.update(advert);
      return;
    case "stop":
      for (const timer of timers) clearInterval(timer);
      void Promise.all([...instances.values()].map((instance) => instance.close())).then(() => {
        say({ kind: "stopped" });
        return parent.close();
      });
  }
});

mend();
keepCompiled();
