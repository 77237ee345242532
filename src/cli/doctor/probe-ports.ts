import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { errorCode } from "../../../ha/io/durable-file.ts";
import type { NodeConfig, WitnessConfig } from "../../../ha/io/node-files.ts";
import { listenHost } from "../../../ha/site.ts";
import type { PortFact } from "./facts.ts";

type Wanted = { readonly what: string; readonly port: number; readonly protocol: "tcp" | "udp" };

/** Tries every port of a node or witness; `pids` are its processes, whose ports are not taken but ours. */
export async function probePorts(
  { host, ports }: { readonly host: string; readonly ports: NodeConfig["ports"] | WitnessConfig["ports"] },
  pids: readonly number[],
): Promise<readonly PortFact[]> {
  const heartbeats: Wanted = { what: "agent (UDP)", port: ports.agent, protocol: "udp" };
  const wanted: readonly Wanted[] =
    "app" in ports
      ? [
          { what: "app", port: ports.app, protocol: "tcp" },
          { what: "agent", port: ports.agent, protocol: "tcp" },
          heartbeats,
          { what: "link", port: ports.link, protocol: "tcp" },
        ]
      : [heartbeats];
  return Promise.all(wanted.map((one) => probe(one, listenHost(host), pids)));
}

async function probe({ what, port, protocol }: Wanted, host: string, pids: readonly number[]): Promise<PortFact> {
  const code = await (protocol === "tcp" ? bindTcp(port, host) : bindUdp(port, host));
  if (code === null) return { what, port, state: "free" };
  if (code === "EACCES") return { what, port, state: "forbidden" };
  if (code !== "EADDRINUSE") return { what, port, state: "no-address" };
  return { what, port, state: isHeldBy(protocol, port, pids) ? "ours" : "taken" };
}

async function bindTcp(port: number, host: string): Promise<string | null> {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, "listening");
    return null;
  } catch (error) {
    return errorCode(error) ?? "unknown";
  } finally {
    server.close();
  }
}

async function bindUdp(port: number, host: string): Promise<string | null> {
  const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4" });
  try {
    socket.bind({ port, address: host, exclusive: true });
    await once(socket, "listening");
    return null;
  } catch (error) {
    return errorCode(error) ?? "unknown";
  } finally {
    socket.close();
  }
}

const tcpListens = "0A";

/** Whether every socket that holds this port belongs to one of these processes, by the kernel's own tables. */
function isHeldBy(protocol: "tcp" | "udp", port: number, pids: readonly number[]): boolean {
  const held = [protocol, `${protocol}6`].flatMap((table) =>
    linesOf(`/proc/net/${table}`).flatMap((line) => {
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      const counts = protocol === "udp" || state === tcpListens;
      return counts && Number.parseInt(local.split(":").at(-1) ?? "", 16) === port ? [inode] : [];
    }),
  );
  const own = new Set(pids.flatMap(inodesOf));
  return held.length > 0 && held.every((inode) => own.has(inode));
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "latin1").split("\n").slice(1);
  } catch {
    return [];
  }
}

function inodesOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => inodeOf(`/proc/${pid}/fd/${fd}`) ?? []);
  } catch {
    return [];
  }
}

/** Null for what is no socket, or closed meanwhile. */
function inodeOf(path: string): string | null {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1] ?? null;
  } catch {
    return null;
  }
}
