import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { z } from "zod";
import { fingerprintOf } from "./io/pki.ts";

/** The version of the program that runs. */
export const { version } = z.object({ version: z.string() }).parse(createRequire(import.meta.url)("../package.json"));

const isLoopback = (host: string): boolean => host === "localhost" || host.startsWith("127.");

/** A member that others reach at a loopback address listens there only. */
export function listenHost(host: string): string {
  if (isLoopback(host)) return "127.0.0.1";
  return host.includes(":") ? "::" : "0.0.0.0";
}

/** Hexadecimal digits of the authority's fingerprint that tell two clusters of one name apart. */
const clusterIdLength = 6;

/** What mDNS is told of this place: where it speaks for such a member, whose cluster it is, and the program's version. */
export function mdnsSite(
  host: string,
  dataDir: string,
): { ver: string; clusterId: string; interfaces?: readonly string[] } {
  const authority = readFileSync(join(dataDir, "pki", "ca.crt"), "utf8");
  const clusterId = fingerprintOf(authority).slice(0, clusterIdLength);
  return { ver: version, clusterId, ...(isLoopback(host) && { interfaces: ["127.0.0.1"] }) };
}
