import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { freePort } from "../support/free-port.ts";
import { eventually } from "./demo-process.ts";

/** One message as a subscriber heard it; `kept`: the broker had it already. */
export type Heard = { readonly topic: string; readonly payload: string; readonly kept: boolean; readonly atMs: number };

const user = "trader";
const password = "a password of this test";

/** Why there is no broker here; null when there is one. */
export function mosquittoMissing(): string | null {
  try {
    execFileSync("sh", ["-c", "command -v mosquitto && command -v mosquitto_passwd"], { stdio: "ignore" });
    return null;
  } catch {
    return "mosquitto is not installed";
  }
}

/** Debian's Mosquitto on a port of its own, which lets in who has the password. */
export class Mosquitto {
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly #dir: string;
  #child: ChildProcess | null = null;

  private constructor(port: number) {
    this.port = port;
    this.#dir = mkdtempSync(join(tmpdir(), "trader-mosquitto-"));
    this.env = {
      TRADER_MQTT_URL: `mqtt://127.0.0.1:${port}`,
      TRADER_MQTT_USER: user,
      TRADER_MQTT_PASSWORD: password,
    };
  }

  static async start(): Promise<Mosquitto> {
    const made = new Mosquitto(await freePort());
    const file = (name: string): string => join(made.#dir, name);
    execFileSync("mosquitto_passwd", ["-c", "-b", file("passwords"), user, password], { stdio: "ignore" });
    const lines = [`listener ${made.port} 127.0.0.1`, "allow_anonymous false", `password_file ${file("passwords")}`];
    writeFileSync(file("mosquitto.conf"), [...lines, "persistence false", "user root", ""].join("\n"));
    await made.run();
    return made;
  }

  /** Starts it; resolves when it takes connections. It has forgotten everything. */
  async run(): Promise<void> {
    const argv = ["--pdeathsig", "KILL", "--", "mosquitto", "-c", join(this.#dir, "mosquitto.conf")];
    this.#child = spawn("setpriv", argv, { stdio: "ignore" });
    await eventually("the broker takes connections", 10_000, () => takesConnections(this.port));
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Hears everything that is published from now on, and what the broker keeps. */
  async listen(): Promise<Listener> {
    const client = await connectAsync(`mqtt://127.0.0.1:${this.port}`, {
      username: user,
      password,
      reconnectPeriod: 0,
    });
    const listener = new Listener(client);
    await client.subscribeAsync(["trader/#", "homeassistant/#"]);
    return listener;
  }
}

export class Listener {
  readonly heard: Heard[] = [];
  readonly #client: MqttClient;

  constructor(client: MqttClient) {
    this.#client = client;
    client.on("message", (topic, payload, { retain }) =>
      this.heard.push({ topic, payload: payload.toString(), kept: retain, atMs: performance.now() }),
    );
  }

  on(topic: string): readonly Heard[] {
    return this.heard.filter((each) => each.topic === topic);
  }

  /** Leaves a message at the broker; an empty one takes it away. */
  async leave(topic: string, payload: string): Promise<void> {
    await this.#client.publishAsync(topic, payload, { retain: true, qos: 1 });
  }

  async stop(): Promise<void> {
    await this.#client.endAsync(true);
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    const say = (takes: boolean): void => {
      socket.destroy();
      resolve(takes);
    };
    socket.once("connect", () => say(true));
    socket.once("error", () => say(false));
  });
}
