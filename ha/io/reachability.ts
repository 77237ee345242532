import { Socket } from "node:net";
import { runCommand } from "./run-command.ts";

/** Asks one target once, in one way; true: it showed that it is there, within the limit. Never rejects. */
export type Way = (target: string, limitMs: number) => Promise<boolean>;

/**
 * A connection to a TCP port proves by its being refused as well as by its being taken that the target answers. It
 * needs no privilege and no process: what a router costs that is asked once a second is one packet each way. (What a
 * proxy on the way answers for a far target proves the proxy only. The gateway, on the same wire, has none before it.)
 */
export const tcpWay =
  (port: number): Way =>
  (target, limitMs) =>
    new Promise((resolve) => {
      const socket = new Socket();
      const settle = (answered: boolean): void => {
        clearTimeout(timer);
        // A reset leaves nothing behind, here or there.
        socket.resetAndDestroy();
        resolve(answered);
      };
      const timer = setTimeout(() => settle(false), limitMs);
      socket.on("connect", () => settle(true));
      socket.on("error", ({ code }: NodeJS.ErrnoException) => settle(code === "ECONNREFUSED" || code === "ECONNRESET"));
      socket.connect({ host: target, port });
    });

/** The system's `ping`, for a target that drops what comes to its TCP ports. Where there is none, it answers nothing. */
const pingWay: Way = async (target) => {
  const args = ["-n", "-c", "1", "-W", "1", target];
  const ended = await runCommand({ command: "ping", args, env: { PATH: process.env["PATH"] }, limitMs: 2_000 }).catch(
    () => null,
  );
  return ended?.code === 0;
};

/** What home routers usually answer on: DNS, their own pages; then `ping`. */
const usualWays: readonly Way[] = [tcpWay(53), tcpWay(80), tcpWay(443), pingWay];

export type ReachabilityOptions = {
  /** IP addresses: a name would be looked up by way of what is to be probed. */
  readonly targets: readonly string[];
  readonly nowMs: () => number;
  /** How long after one round the next one starts; asked all the time, for it depends on what the core waits for. */
  readonly everyMs: () => number;
  readonly limitMs: number;
  /** A round that was sent at `sentMs` was answered by one target, or (`all`) by every one. */
  readonly onReach: (sentMs: number, all: boolean) => void;
  readonly ways?: readonly Way[];
};

/** A round that nobody answers takes `limitMs`; more than so many wait for no one. */
const roundsMax = 4;
const turnMs = 25;

/** Probes the targets in rounds, each counted from when it was sent. Decides nothing: the core does. */
export class Reachability {
  readonly #options: ReachabilityOptions;
  readonly #targets: readonly Target[];
  #timer: NodeJS.Timeout | null = null;
  #sentMs = Number.NEGATIVE_INFINITY;
  #waiting = 0;

  constructor(options: ReachabilityOptions) {
    this.#options = options;
    this.#targets = options.targets.map((address) => new Target(address, options.ways ?? usualWays));
  }

  /** The targets that did not answer when they were asked last. */
  get silent(): readonly string[] {
    return this.#targets.filter(({ answered }) => !answered).map(({ address }) => address);
  }

  run(): void {
    this.#timer = setInterval(() => this.#turn(), turnMs);
  }

  /** Nothing is reported afterwards. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #turn(): void {
    const nowMs = this.#options.nowMs();
    if (nowMs < this.#sentMs + this.#options.everyMs() || this.#waiting >= roundsMax) return;
    this.#sentMs = nowMs;
    void this.#round(nowMs);
  }

  async #round(sentMs: number): Promise<void> {
    const { limitMs, onReach } = this.#options;
    let answers = 0;
    this.#waiting += 1;
    await Promise.all(
      this.#targets.map(async (target) => {
        if (!(await target.ask(limitMs))) return;
        answers += 1;
        const all = answers === this.#targets.length;
        if (this.#timer !== null && (answers === 1 || all)) onReach(sentMs, all);
      }),
    );
    this.#waiting -= 1;
  }
}

/** One target: asked in the way that it answered last, and in every way when it does not. */
class Target {
  readonly address: string;
  readonly #ways: readonly Way[];
  /** Ways that still wait for an answer: a slow one is not started twice. */
  readonly #busy = new Set<Way>();
  #way: Way | null = null;

  constructor(address: string, ways: readonly Way[]) {
    this.address = address;
    this.#ways = ways;
  }

  get answered(): boolean {
    return this.#way !== null;
  }

  /** Resolves true at the first answer. */
  async ask(limitMs: number): Promise<boolean> {
    const known = this.#way;
    if (known !== null && !this.#busy.has(known)) {
      if (await this.#try(known, limitMs)) return true;
      if (this.#way === known) this.#way = null;
      return false;
    }
    const tries = this.#ways.filter((way) => !this.#busy.has(way)).map((way) => this.#try(way, limitMs));
    return new Promise((resolve) => {
      for (const each of tries) void each.then((answered) => answered && resolve(true));
      void Promise.all(tries).then(() => resolve(false));
    });
  }

  async #try(way: Way, limitMs: number): Promise<boolean> {
    this.#busy.add(way);
    const answered = await way(this.address, limitMs);
    this.#busy.delete(way);
    if (answered) this.#way ??= way;
    return answered;
  }
}
