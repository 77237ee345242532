import { existsSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { mdnsSites } from "../../../ha/io/mdns-sites.ts";
import { runCommand } from "../../../ha/io/run-command.ts";
import type { OwnAddress, Pings, Surroundings } from "./propose.ts";

const pingsSent = 10;
const pingLimitMs = 4_000;

/** Looks at this machine's interfaces (none of containers or tunnels), its default route, and how the gateway answers. */
export async function measure(options: { readonly ping: boolean }): Promise<Surroundings> {
  const gateway = defaultRoute();
  const pings = options.ping && gateway !== null ? await pingTimes(gateway.address) : null;
  return { addresses: ownAddresses(), gateway, pings };
}

function ownAddresses(): readonly OwnAddress[] {
  return mdnsSites(networkInterfaces(), null).flatMap(({ key, addresses }) => {
    const interfaceName = key.split(" ")[0] ?? "";
    const wireless = ["wireless", "phy80211"].some((mark) => existsSync(`/sys/class/net/${interfaceName}/${mark}`));
    return addresses.map((address) => ({ address, interfaceName, wireless }));
  });
}

/** The gateway of the default route with the lowest metric, by the kernel's own table. */
function defaultRoute(): Surroundings["gateway"] {
  let table: string;
  try {
    table = readFileSync("/proc/net/route", "latin1");
  } catch {
    return null;
  }
  const routes = table
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"))
    .filter(([, to, by, , , , , mask]) => to === "00000000" && mask === "00000000" && by !== "00000000")
    .toSorted((one, other) => Number(one[6]) - Number(other[6]));
  const [interfaceName, , by] = routes[0] ?? [];
  if (interfaceName === undefined || by === undefined) return null;
  // Four bytes, the last one first.
  const bytes = (by.match(/../g) ?? []).toReversed();
  return { interfaceName, address: bytes.map((byte) => Number.parseInt(byte, 16)).join(".") };
}

/** Null where there is no ping, or none that this user may run. */
async function pingTimes(address: string): Promise<Pings | null> {
  const args = ["-n", "-q", "-c", String(pingsSent), "-i", "0.2", "-W", "1", address];
  const env = { PATH: process.env["PATH"], LC_ALL: "C" };
  const ended = await runCommand({ command: "ping", args, env, limitMs: pingLimitMs }).catch(() => null);
  const answered = /(\d+) received/.exec(ended?.stdout ?? "")?.[1];
  if (answered === undefined) return null;
  const slowest = /= [\d.]+\/[\d.]+\/([\d.]+)/.exec(ended?.stdout ?? "")?.[1];
  return { sent: pingsSent, answered: Number(answered), slowestMs: slowest === undefined ? null : Number(slowest) };
}
