import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprintOf } from "./io/pki.ts";
import { writeNodeConfig } from "./io/node-files.ts";
import type { Member, NodeConfig, WitnessConfig } from "./io/node-files.ts";
import { version } from "./io/version.ts";

/** Whether a member is reached on its own machine only. */
export const isLoopback = (host: string): boolean => host === "localhost" || host.startsWith("127.");

/** A member that others reach at a loopback address listens there only. */
export function listenHost(host: string): string {
  if (isLoopback(host)) return "127.0.0.1";
  return host.includes(":") ? "::" : "0.0.0.0";
}

/** Hexadecimal digits of the authority's fingerprint that tell two clusters of one name apart. */
const clusterIdLength = 6;

/** The digits of an authority's fingerprint that are part of its members' names. */
export const clusterIdOf = (caFingerprint: string): string => caFingerprint.slice(0, clusterIdLength);

/** What mDNS is told of this place: where it speaks for such a member, whose cluster it is, and the program's version. */
export function mdnsSite(
  host: string,
  dataDir: string,
): { ver: string; clusterId: string; interfaces?: readonly string[] } {
  const authority = readFileSync(join(dataDir, "pki", "ca.crt"), "utf8");
  const clusterId = clusterIdOf(fingerprintOf(authority));
  return { ver: version, clusterId, ...(isLoopback(host) && { interfaces: ["127.0.0.1"] }) };
}

/** What a roster says of this member's own address goes into its `node.json`, and counts there from its next start on. */
export function keepOwnHost(dataDir: string, config: NodeConfig | WitnessConfig, self: Member | null): void {
  if (self !== null && self.host !== config.host) writeNodeConfig(dataDir, { ...config, host: self.host });
}
