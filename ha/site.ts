import { createRequire } from "node:module";
import { z } from "zod";

/** The version of the program that runs. */
export const { version } = z.object({ version: z.string() }).parse(createRequire(import.meta.url)("../package.json"));

const isLoopback = (host: string): boolean => host === "localhost" || host.startsWith("127.");

/** A member that others reach at a loopback address listens there only. */
export function listenHost(host: string): string {
  if (isLoopback(host)) return "127.0.0.1";
  return host.includes(":") ? "::" : "0.0.0.0";
}

/** Where mDNS speaks for such a member, and the version that it tells. */
export const mdnsSite = (host: string): { ver: string; interfaces?: readonly string[] } =>
  isLoopback(host) ? { ver: version, interfaces: ["127.0.0.1"] } : { ver: version };
