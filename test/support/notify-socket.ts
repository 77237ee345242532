import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const receiver = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
  text = s.recv(4096).decode()
  if not text.startswith("BARRIER"): print(text.strip(), flush=True)
`;

/** Programs that this needs and that are not here; empty: it can be used. */
export const notifyMissing: readonly string[] = ["systemd-notify", "python3"].filter(
  (name) => spawnSync(name, ["--version"]).error !== undefined,
);

/** The datagram socket that systemd has for a service; Node has none of that kind, so Python listens. */
export class NotifySocket {
  readonly path: string;
  readonly #dir: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #coming: Promise<string | null> | null = null;

  private constructor() {
    this.#dir = mkdtempSync(join(tmpdir(), "trader-notify-"));
    this.path = join(this.#dir, "notify.sock");
    const child = spawn("python3", ["-c", receiver, this.path], { stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static async open(): Promise<NotifySocket> {
    const socket = new NotifySocket();
    const first = await socket.next();
    if (first !== "bound") throw new Error(`no socket at ${socket.path}: ${first ?? "it has ended"}`);
    return socket;
  }

  /** The next word that a service says; waits for it. */
  async next(): Promise<string | null> {
    const coming = this.#coming ?? this.#read();
    this.#coming = null;
    return coming;
  }

  /** Resolves once nothing was said for `ms`; false when words keep coming. */
  async silentFor(ms: number): Promise<boolean> {
    for (let words = 0; words < 5; words += 1) {
      this.#coming = this.#read();
      const silent = Symbol("silent");
      const first = await Promise.race([this.#coming, sleep(ms, silent)]);
      if (first === silent) return true;
    }
    return false;
  }

  async #read(): Promise<string | null> {
    const { done, value } = await this.#lines.next();
    return done === true ? null : value;
  }

  async close(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
    rmSync(this.#dir, { recursive: true });
  }
}
