import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

/**
 * Machines of the suite's own: a network namespace for each, on one switch that is a bridge in a namespace of its own.
 * Nothing of the machine's own network is touched. Addresses are 10.77.0.1, .2, … in the order of the names.
 */

const PREFIX = "trader-net";
const COMMAND_LIMIT_MS = 10_000;
let made = 0;

/** One machine: `exec` in front of a command runs it there. */
export type Machine = { readonly name: string; readonly address: string; readonly exec: readonly string[] };

/** Why these suites cannot run here; null when they can. */
export function netMissing(): string | null {
  if (process.platform !== "linux") return "network namespaces need Linux";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  for (const tool of ["ip", "iptables", "setpriv"]) {
    if (!succeeds("sh", ["-c", `command -v ${tool}`])) return `${tool} is not installed`;
  }
  const probe = `${PREFIX}-${process.pid}-probe`;
  if (!succeeds("ip", ["netns", "add", probe])) return "this machine makes no network namespaces";
  const filters = succeeds("ip", ["netns", "exec", probe, "iptables", "-A", "INPUT", "-s", "10.77.0.1", "-j", "DROP"]);
  succeeds("ip", ["netns", "del", probe]);
  return filters ? null : "iptables does not work in a network namespace here";
}

/** Machines that were made for a process that is gone: its end was a kill. */
function removeLeftovers(): void {
  for (const name of namespaces()) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) succeeds("ip", ["netns", "del", name]);
  }
}

export class Net {
  readonly machines: ReadonlyMap<string, Machine>;
  readonly #id: string;
  #onSecond: readonly string[] = [];

  /** Makes and connects these machines; every one reaches every other, and nothing else: there is no default route. */
  constructor(names: readonly string[]) {
    removeLeftovers();
    made += 1;
    this.#id = `${PREFIX}-${process.pid}-${made}`;
    const machines = names.map((name, at) => ({
      name,
      address: `10.77.0.${at + 1}`,
      exec: ["ip", "netns", "exec", this.#namespace(name)],
    }));
    this.machines = new Map(machines.map((machine) => [machine.name, machine]));
    try {
      ip("netns", "add", this.#switch);
      ip("-n", this.#switch, "link", "add", "br0", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0");
      ip("-n", this.#switch, "link", "set", "br0", "up");
      for (const machine of machines) this.#plugIn(machine);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  machine(name: string): Machine {
    const found = this.machines.get(name);
    if (found === undefined) throw new Error(`no machine is called ${name}`);
    return found;
  }

  /** What `from` sends to `to` is lost from now on. */
  cutOneWay(from: string, to: string): void {
    this.filter(to, "-I", "INPUT", "-s", this.machine(from).address, "-j", "DROP");
  }

  cutBothWays(one: string, other: string): void {
    this.cutOneWay(one, other);
    this.cutOneWay(other, one);
  }

  /** This share of what arrives at `name` is lost. Loopback is not. */
  lose(name: string, share: number): void {
    const chance = ["-m", "statistic", "--mode", "random", "--probability", String(share)];
    this.filter(name, "-I", "INPUT", ...fromOutside, ...chance, "-j", "DROP");
  }

  /** Nothing arrives at `name` from outside. */
  deafen(name: string): void {
    this.filter(name, "-I", "INPUT", ...fromOutside, "-j", "DROP");
  }

  /**
   * The same for a while for all of these; resolves to how long it was at most. A process of its own that goes before
   * others ends it on time, however busy this one and the machine are.
   */
  async silence(names: readonly string[], durationMs: number): Promise<number> {
    const rules = (what: string): string =>
      names.map((name) => `ip netns exec ${this.#namespace(name)} iptables -w 5 ${what} INPUT ${DEAF}`).join("; ");
    const timed = `date +%s%3N; ${rules("-I")}; sleep ${durationMs / 1_000}; ${rules("-D")}; date +%s%3N`;
    const { stdout } = await execute("nice", ["-n", "-15", "sh", "-ec", timed], { timeout: COMMAND_LIMIT_MS });
    const [fromMs = Number.NaN, untilMs = Number.NaN] = stdout.trim().split("\n").map(Number);
    return untilMs - fromMs;
  }

  /** Pulls the cable of `name` at the switch; the machine sees its carrier go. */
  unplug(name: string): void {
    ip("-n", this.#switch, "link", "set", port(name), "down");
  }

  /** The same on the second network. */
  unplugSecond(name: string): void {
    ip("-n", this.#switch, "link", "set", secondPort(name), "down");
  }

  /** Takes the interface itself down: its routes go, and each send fails with ENETUNREACH. */
  interfaceDown(name: string): void {
    ip("-n", this.#namespace(name), "link", "set", "eth0", "down");
  }

  /** The adapter is pulled out and put in again, as a USB dongle is: another interface with the same address. */
  replug(name: string): void {
    ip("-n", this.#namespace(name), "link", "del", "eth0");
    this.#connect(this.machine(name));
  }

  /** Another interface `eth1` in these machines, on a switch of its own: 10.78.0.1, .2, … in the order of all names. */
  secondNetwork(names: readonly string[]): void {
    ip("-n", this.#switch, "link", "add", "br1", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0");
    ip("-n", this.#switch, "link", "set", "br1", "up");
    for (const name of names) {
      this.#cable(name, "eth1", secondPort(name), "br1", this.machine(name).address.replace("10.77.", "10.78."));
    }
    this.#onSecond = names;
  }

  /** An interface with this name and maybe an IPv4 address in one machine, that leads nowhere. */
  idleInterface(name: string, interfaceName: string, address?: string): void {
    const namespace = this.#namespace(name);
    ip("-n", namespace, "link", "add", interfaceName, "type", "veth", "peer", "name", `${interfaceName}p`);
    ip("-n", namespace, "link", "set", `${interfaceName}p`, "up");
    if (address !== undefined) ip("-n", namespace, "addr", "add", `${address}/16`, "dev", interfaceName);
    ip("-n", namespace, "link", "set", interfaceName, "up");
  }

  /** The same machine at another address, as after a new lease by DHCP. */
  moveTo(name: string, address: string): void {
    ip("-n", this.#namespace(name), "addr", "flush", "dev", "eth0");
    ip("-n", this.#namespace(name), "addr", "add", `${address}/24`, "dev", "eth0");
  }

  /** What this machine sends to other networks goes by way of `gateway`, which must be on its own. */
  routeBy(name: string, gateway: string): void {
    ip("-n", this.#namespace(name), "route", "add", "default", "via", gateway);
  }

  /** Counts packets of this kind at `name` from now on; what is returned reads the count. */
  count(name: string, chain: "INPUT" | "OUTPUT", ...match: readonly string[]): () => number {
    const table = ["-t", "mangle"];
    this.filter(name, ...table, "-A", chain, ...match);
    const counts = (): number[] =>
      [...this.filter(name, ...table, "-S", chain, "-v").matchAll(/^-A .* -c (\d+) /gm)].map((found) =>
        Number(found[1]),
      );
    const at = counts().length - 1;
    return () => counts()[at] ?? Number.NaN;
  }

  /** Everything is connected again, and nothing is lost. */
  heal(): void {
    for (const { name } of this.machines.values()) {
      this.filter(name, "-F", "INPUT");
      ip("-n", this.#namespace(name), "link", "set", "eth0", "up");
      ip("-n", this.#switch, "link", "set", port(name), "up");
    }
    for (const name of this.#onSecond) ip("-n", this.#switch, "link", "set", secondPort(name), "up");
  }

  /** Takes the machines away. What runs in them must have been ended before. */
  remove(): void {
    for (const name of namespaces()) if (name.startsWith(`${this.#id}-`)) succeeds("ip", ["netns", "del", name]);
  }

  filter(name: string, ...rule: readonly string[]): string {
    return run("ip", ["netns", "exec", this.#namespace(name), "iptables", "-w", "5", ...rule]);
  }

  get #switch(): string {
    return this.#namespace("switch");
  }

  #namespace(name: string): string {
    return `${this.#id}-${name}`;
  }

  #plugIn(machine: Machine): void {
    ip("netns", "add", this.#namespace(machine.name));
    ip("-n", this.#namespace(machine.name), "link", "set", "lo", "up");
    this.#connect(machine);
  }

  #connect({ name, address }: Machine): void {
    this.#cable(name, "eth0", port(name), "br0", address);
  }

  /** A cable from an interface of a machine to a bridge of the switch. */
  #cable(name: string, interfaceName: string, end: string, bridge: string, address: string): void {
    const namespace = this.#namespace(name);
    ip("-n", namespace, "link", "add", interfaceName, "type", "veth", "peer", "name", end, "netns", this.#switch);
    ip("-n", this.#switch, "link", "set", end, "master", bridge);
    ip("-n", this.#switch, "link", "set", end, "up");
    ip("-n", namespace, "addr", "add", `${address}/24`, "brd", "+", "dev", interfaceName);
    ip("-n", namespace, "link", "set", interfaceName, "up");
  }
}

const fromOutside = ["!", "-i", "lo"];
const DEAF = `${fromOutside.join(" ")} -j DROP`;
const execute = promisify(execFile);

/** The switch's end of a cable; an interface's name has at most 15 characters. */
const port = (name: string): string => `to-${name}`.slice(0, 15);

const secondPort = (name: string): string => `second-${name}`.slice(0, 15);

const namespaces = (): string[] =>
  run("ip", ["netns", "list"])
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "")
    .filter((name) => name.startsWith(`${PREFIX}-`));

const ip = (...args: readonly string[]): string => run("ip", args);

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: COMMAND_LIMIT_MS,
  });
}

function succeeds(command: string, args: readonly string[]): boolean {
  try {
    run(command, args);
    return true;
  } catch {
    return false;
  }
}
