import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./demo-process.ts";
import type { Machine } from "./net-namespaces.ts";
import type { NetPair } from "./net-pair.ts";

/** One resolved line of `avahi-browse -rp`. */
export type Seen = {
  readonly name: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly txt: Readonly<Record<string, string>>;
};

const ASK_LIMIT_MS = 10_000;
const START_LIMIT_MS = 15_000;

/** Why Debian's avahi cannot be asked here; null when it can. */
export function avahiMissing(): string | null {
  for (const tool of ["avahi-daemon", "avahi-browse", "avahi-resolve", "dbus-daemon"]) {
    try {
      execFileSync("sh", ["-c", `command -v ${tool}`], { stdio: "ignore" });
    } catch {
      return `${tool} is not installed`;
    }
  }
  return null;
}

/** avahi-daemon with a bus of its own on one machine, so that it meets no other on this host. */
export class Avahi {
  readonly #pair: NetPair;
  readonly #machine: Machine;
  readonly #dir: string;
  #daemon: ChildProcess | null = null;

  private constructor(pair: NetPair, machine: Machine, dir: string) {
    this.#pair = pair;
    this.#machine = machine;
    this.#dir = dir;
  }

  static async start(pair: NetPair, machineName: string): Promise<Avahi> {
    const machine = pair.net.machine(machineName);
    const dir = pair.dataDir(`avahi-on-${machineName}`);
    mkdirSync(dir);
    const avahi = new Avahi(pair, machine, dir);
    writeFileSync(join(dir, "bus.conf"), busConfig(avahi.#bus));
    pair.spawn(machine, "dbus", ["dbus-daemon", "--nofork", "--nopidfile", `--config-file=${join(dir, "bus.conf")}`]);
    await eventually("the bus is there", START_LIMIT_MS, () => existsSync(avahi.#bus));
    await avahi.#run(machineName);
    return avahi;
  }

  /** Starts the daemon anew, on a machine of this name: it knows nothing but what it hears from now on. */
  async forget(hostName = this.#machine.name): Promise<void> {
    const daemon = this.#daemon;
    if (daemon !== null && daemon.exitCode === null) {
      const ended = once(daemon, "exit");
      daemon.kill("SIGKILL");
      await ended;
    }
    await this.#run(hostName);
  }

  async #run(hostName: string): Promise<void> {
    writeFileSync(join(this.#dir, "avahi.conf"), avahiConfig(hostName));
    // Its folder's place is fixed: on this machine it is another one than the host's.
    const own = "mkdir -p /run/avahi-daemon && mount -t tmpfs tmpfs /run/avahi-daemon";
    const daemon = `exec avahi-daemon --no-drop-root --no-chroot --no-rlimits --file=${join(this.#dir, "avahi.conf")}`;
    this.#daemon = this.#pair.spawn(this.#machine, "avahi", [...this.#env, "sh", "-c", `${own} && ${daemon}`]);
    await eventually("avahi answers", START_LIMIT_MS, async () => (await this.browse().catch(() => null)) !== null);
  }

  get #bus(): string {
    return join(this.#dir, "bus");
  }

  get #env(): readonly string[] {
    return ["env", `DBUS_SYSTEM_BUS_ADDRESS=unix:path=${this.#bus}`];
  }

  /** What `avahi-browse -rpt _arduino-trader._tcp` prints, resolved entries only; rejects when avahi does not run. */
  async browse(): Promise<Seen[]> {
    const command = [...this.#env, "avahi-browse", "-rpt", "_arduino-trader._tcp"];
    const text = await this.#pair.command(this.#machine, command, ASK_LIMIT_MS);
    return text.split("\n").flatMap((line) => parse(line) ?? []);
  }

  /** What `avahi-resolve -4 -n` prints for this name; null when nobody answers to it. */
  async resolve(name: string): Promise<string | null> {
    const command = [...this.#env, "avahi-resolve", "-4", "-n", name];
    const text = await this.#pair.command(this.#machine, command, ASK_LIMIT_MS).catch(() => "");
    return text.trim().split(/\s+/)[1] ?? null;
  }
}

function parse(line: string): Seen | null {
  const [mark, , family, name = "", , , host = "", address = "", port = "", ...rest] = line.split(";");
  if (mark !== "=" || family !== "IPv4") return null;
  const txt = [...rest.join(";").matchAll(/"([^"=]*)=([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]);
  return { name, host, address, port: Number(port), txt: Object.fromEntries(txt) };
}

const busConfig = (
  path: string,
): string => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=${path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_type="method_return"/>
    <allow send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="signal"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
  </policy>
</busconfig>
`;

const avahiConfig = (host: string): string => `[server]
host-name=${host}
use-ipv4=yes
use-ipv6=no
allow-interfaces=eth0
enable-dbus=yes
[wide-area]
enable-wide-area=no
[publish]
publish-hinfo=no
publish-workstation=no
`;
