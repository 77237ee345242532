import { fileURLToPath } from "node:url";
import type { NetPair } from "./net-pair.ts";

/** The machine on which the relay runs; give it to `NetPair.make`. */
export const relayMachine = "relay";

const relayProgram = fileURLToPath(new URL("./net-relay.ts", import.meta.url));
const HEARTBEATS = 8008;
const STREAMS = [8009, 8000] as const;
const FIRST_PORT = 20_000;

/** `worsen` starts what the relay does to the network, `calm` ends it. */
export type BadNetwork = { readonly worsen: () => void; readonly calm: () => void };

/**
 * Sends everything between the members through a relay, before any of them runs; a bad one delays by up to `jitterMs`
 * and lets `bytesPerSecond` of each stream through. Each member still sees the others' own addresses: the way there and
 * back is one translated connection.
 */
export function throughRelay(pair: NetPair, jitterMs: number, bytesPerSecond: number): BadNetwork {
  const { net } = pair;
  const relay = net.machine(relayMachine);
  const members = [...net.machines.values()].filter(({ name }) => name !== relayMachine);
  const routes: string[] = [];
  const translate = (from: string, protocol: string, to: string, toPort: number, own: number): void => {
    const match = ["-p", protocol, "-d", to, "--dport", String(toPort)];
    net.filter(from, "-t", "nat", "-A", "OUTPUT", ...match, "-j", "DNAT", "--to", `${relay.address}:${own}`);
  };
  let own = FIRST_PORT;
  for (const [at, one] of members.entries()) {
    for (const other of members.slice(at + 1)) {
      routes.push(`udp:${own}:${one.address}:${HEARTBEATS}:${other.address}:${HEARTBEATS}`);
      for (const [from, to] of [
        [one, other],
        [other, one],
      ] as const) {
        translate(from.name, "udp", to.address, HEARTBEATS, own);
        // Whoever is heard first is heard under its own address.
        const heard = ["-p", "udp", "-s", relay.address, "--sport", String(own)];
        const shown = ["-j", "SNAT", "--to", `${from.address}:${HEARTBEATS}`];
        net.filter(to.name, "-t", "nat", "-A", "INPUT", ...heard, ...shown);
      }
      own += 1;
    }
    for (const port of STREAMS) {
      routes.push(`tcp:${own}:${one.address}:${port}`);
      for (const from of members) if (from !== one) translate(from.name, "tcp", one.address, port, own);
      own += 1;
    }
  }
  // A network does not wait for a busy machine.
  const program = ["nice", "-n", "-15", process.execPath, relayProgram];
  const running = pair.spawn(relay, relayMachine, [...program, String(jitterMs), String(bytesPerSecond), ...routes]);
  return { worsen: () => void running.kill("SIGUSR2"), calm: () => void running.kill("SIGHUP") };
}
