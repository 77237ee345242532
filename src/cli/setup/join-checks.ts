import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freeBytes } from "../../../ha/io/disk-space.ts";
import { JoinError } from "../../../ha/io/join-call.ts";
import type { JoinStep } from "../../../ha/io/join-client.ts";
import { hintOf } from "../../../ha/io/mdns.ts";
import { mdnsLabel } from "../../../ha/io/mdns-records.ts";
import { mdnsSites, onLink } from "../../../ha/io/mdns-sites.ts";
import { MdnsThread } from "../../../ha/io/mdns-thread.ts";
import type { NodeConfig, WitnessConfig } from "../../../ha/io/node-files.ts";
import type { Token } from "../../../ha/io/tokens.ts";
import { clusterIdOf, isLoopback } from "../../../ha/site.ts";
import { probePorts } from "../doctor/probe-ports.ts";
import type { PortFact } from "../doctor/facts.ts";
import type { Progress } from "../progress.ts";

const listenMs = 3_000;
const MB = 1_000_000;
/** A node holds the ledger, the replica of it, and a warm copy; and a day's log. A witness keeps two small files. */
const roomFor = { node: (ledgerBytes: number) => 100 * MB + 4 * ledgerBytes, witness: () => 5 * MB };

/** This machine's address on the network of `target`, or else its first one; throws where it has none. */
export function hostTowards(target: string): string {
  if (isLoopback(target)) return "127.0.0.1";
  const sites = mdnsSites(networkInterfaces(), null);
  const near = /^[\d.]+$/.test(target) ? sites.find((site) => onLink(site)(target)) : undefined;
  const host = (near ?? sites[0])?.addresses[0];
  if (host !== undefined) return host;
  throw new JoinError("This machine has no network address: connect it, or give --host.");
}

/** "ours" is no answer here: nothing of this member runs yet. */
const troubles: Readonly<Record<Exclude<PortFact["state"], "free" | "ours">, string>> = {
  taken: "is held by another program",
  forbidden: "may not be used by this user",
  "no-address": "cannot be opened at this host",
};

/** Throws where a port cannot be had: the member could not start. */
export async function checkPorts(
  host: string,
  ports: NodeConfig["ports"] | WitnessConfig["ports"],
  progress: Progress,
): Promise<void> {
  const found = await probePorts({ host, ports }, []);
  const wrong = Object.entries(troubles).flatMap(([trouble, text]) => {
    const these = found.filter(({ state }) => state === trouble).map(({ what, port }) => `${port} (${what})`);
    return these.length === 0 ? [] : [`Port ${these.join(", ")} ${text}.`];
  });
  const others = "app" in ports ? "--app-port, --agent-port, --link-port" : "--port";
  if (wrong.length > 0)
    throw new JoinError(`${wrong.join(" ")} See who holds it: ss -lntup. End it, or give others: ${others}.`);
  const numbers = [...new Set(found.map(({ port }) => port))].join(", ");
  progress.done(`free: port ${numbers}`);
}

/** Throws where the disk is too small for a member of this kind. */
export async function checkRoom(dir: string, kind: "node" | "witness", ledgerBytes: number): Promise<void> {
  const free = await freeBytes(nearestFolder(dir));
  const needed = roomFor[kind](ledgerBytes);
  if (free === null || free >= needed) return;
  throw new JoinError(
    `${dir} has ${megabytes(free)} free, and ${megabytes(needed)} are needed. Make room, or give a folder on a larger disk: --data DIR.`,
  );
}

/** The folder itself is made later. */
const nearestFolder = (dir: string): string => (existsSync(dir) ? dir : nearestFolder(dirname(dir)));

/** Listens to mDNS for the member that made the token; null where it says nothing in three seconds. */
export async function listenFor(token: Token, host: string, progress: Progress): Promise<string | null> {
  progress.now(`listening to mDNS for ${token.founder}`);
  const label = mdnsLabel({
    node: token.founder,
    cluster: token.cluster,
    clusterId: clusterIdOf(token.caFingerprint),
  });
  const heard = Promise.withResolvers<string>();
  const thread = new MdnsThread({
    data: () => ({ advert: null, clusterId: "", port: 0, interfaces: isLoopback(host) ? ["127.0.0.1"] : null }),
    // Nothing of it is believed: who answers there must show the token's authority.
    onSighting: ({ name, txt, host: from, port }) => {
      if (name === label && hintOf(txt, from, port) !== null) heard.resolve(from);
    },
  });
  thread.run();
  try {
    return await Promise.race([heard.promise, delay(listenMs, null, { ref: false })]);
  } finally {
    await thread.stop();
  }
}

/** Shows one step of a join that went well. */
export function showStep(step: JoinStep, progress: Progress): void {
  switch (step.kind) {
    case "found": {
      const { host, port } = step.found.address;
      const how = step.found.by === "mdns" ? ", by mDNS" : "";
      return progress.done(`${step.founder} answers at ${host}:${port}${how}`);
    }
    case "version":
      return progress.done(`both run version ${step.version}`);
    case "clock":
      return progress.done(`the clocks are ${Math.round(step.apartMs / 1_000)} s apart`);
    case "room":
      return progress.done("there is room on the disk");
    case "admitted":
      return progress.done(`admitted to ${step.cluster}`);
  }
}

const megabytes = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`;
