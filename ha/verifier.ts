import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { AgentView } from "./core/health.ts";
import type { Member } from "./core/member.ts";
import type { Position } from "./core/messages.ts";
import { dueInMs, hindersForRoom, hindersVerifying } from "./core/verification.ts";
import { spawnChild } from "./io/child.ts";
import type { Child } from "./io/child.ts";
import { freeBytes } from "./io/disk-space.ts";
import { fromVerify } from "./io/verification-messages.ts";
import type { VerifyOrder, VerifyOutcome, VerifyStep, Verification } from "./io/verification-messages.ts";

/** A verification that has ended, `at` by wall time. */
export type Verified = { readonly at: string; readonly outcome: VerifyOutcome; readonly tookMs: number };

export type VerifierPorts = {
  readonly node: string;
  readonly dataDir: string;
  /** The Litestream program. */
  readonly binary: string;
  /** How often by itself; null: never. */
  readonly everyMs: number | null;
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  readonly member: () => Member;
  readonly received: () => Position | null;
  /** Size of the warm copy; null: there is none. */
  readonly copyBytes: () => Promise<number | null>;
  /** Where the receiver of the other node is. */
  readonly primary: () => VerifyOrder["primary"] | null;
  /** Told of every one that came to an end. */
  readonly ended: (verified: Verified) => void;
  readonly log: Logger;
};

type Running = {
  child: Child | null;
  step: VerifyStep;
  readonly epoch: number;
  readonly startedMs: number;
  gaveUp: string | null;
};

const worker = fileURLToPath(new URL("./verify-worker.ts", import.meta.url));
const limitMs = 6 * 60_000;

/**
 * Proves on a standby that what was received can be restored and is what the primary has: by order, and on schedule. In
 * a process of its own, never beside a promotion or before the copy is complete.
 */
export class Verifier {
  readonly #ports: VerifierPorts;
  #copy: { readonly epoch: number | null; readonly sinceMs: number };
  #running: Running | null = null;
  #ended = 0;
  #last: Verified | null = null;

  constructor(ports: VerifierPorts) {
    this.#ports = ports;
    this.#copy = { epoch: null, sinceMs: ports.nowMs() };
  }

  /** Takes over what an earlier run of this agent wrote down. */
  load(last: Verified | null): void {
    this.#last = last;
  }

  get last(): AgentView["verified"] {
    if (this.#last === null || this.#last.outcome.kind === "undone") return null;
    const { at, outcome } = this.#last;
    const { epoch, txid } = outcome;
    return { at, sound: outcome.kind === "sound", epoch, txid };
  }

  /** What is wrong with the copy, with the remedy; null when nothing is known to be. */
  get trouble(): string | null {
    const { node } = this.#ports;
    if (this.#last?.outcome.kind !== "damaged") return null;
    const { epoch, txid, reason } = this.#last.outcome;
    return `The copy of the ledger on ${node} failed its verification at ${epoch}/${txid}: ${reason}. Replace it, on ${node}: trader reinit ${node}.`;
  }

  get state(): Verification {
    const last = this.#last === null ? null : { outcome: this.#last.outcome, tookMs: this.#last.tookMs };
    return { node: this.#ports.node, step: this.#running?.step ?? null, ended: this.#ended, last };
  }

  /** To be called on a timer and at every change. */
  review(): void {
    const { member, received, everyMs, nowMs, wallMs } = this.#ports;
    const epoch = received()?.epoch ?? null;
    if (epoch !== this.#copy.epoch) this.#copy = { epoch, sinceMs: nowMs() };
    // What was found says nothing of a copy that was made anew.
    const found = this.#last?.outcome;
    if (found?.kind === "damaged" && (member().phase.kind === "primary" || (epoch ?? 0) > found.epoch))
      this.#last = null;
    if (this.#running !== null) {
      const gone = member().phase.kind !== "standby" || epoch !== this.#running.epoch;
      if (gone) this.#giveUp("this node became something else meanwhile");
      else if (nowMs() - this.#running.startedMs > limitMs)
        this.#giveUp(`it took more than ${limitMs / 60_000} minutes`);
      return;
    }
    if (everyMs === null) return;
    // Each epoch is another copy of everything.
    const another = found?.kind === "sound" && found.epoch !== epoch;
    const last =
      this.#last === null || another
        ? null
        : { kind: this.#last.outcome.kind, agoMs: Math.max(0, wallMs() - Date.parse(this.#last.at)) };
    if (dueInMs(last, nowMs() - this.#copy.sinceMs, everyMs) > 0) return;
    if (hindersVerifying(member(), received(), nowMs()) === null) void this.start();
  }

  /** Begins one; why not, or null when one is on its way. */
  async start(): Promise<string | null> {
    const { member, received, primary, nowMs, dataDir, copyBytes } = this.#ports;
    if (this.#running !== null) return null;
    const hindered = hindersVerifying(member(), received(), nowMs());
    if (hindered !== null) return hindered;
    const peer = primary();
    if (peer === null) return "no second node has joined";
    const running: Running = {
      child: null,
      step: "digest",
      epoch: received()?.epoch ?? 0,
      startedMs: nowMs(),
      gaveUp: null,
    };
    this.#running = running;
    const cramped = hindersForRoom(await copyBytes(), await freeBytes(dataDir));
    if (cramped !== null) this.#end(running, { kind: "undone", reason: cramped });
    else if (running.gaveUp !== null) this.#end(running, { kind: "undone", reason: running.gaveUp });
    else void this.#run(running, peer);
    return cramped;
  }

  /** Before a promotion, and when the agent ends: it is not worth another thought. */
  stop(): void {
    if (this.#running !== null) this.#giveUp("this node had something better to do");
  }

  /** What is known of the copy says nothing of the next one. */
  forget(): void {
    this.#last = null;
  }

  async #run(running: Running, primary: VerifyOrder["primary"]): Promise<void> {
    let outcome: VerifyOutcome = { kind: "undone", reason: "the process that verifies ended" };
    try {
      outcome = await this.#inChild(running, primary);
    } catch (error) {
      outcome = { kind: "undone", reason: error instanceof Error ? error.message.slice(0, 500) : "it did not start" };
    }
    await rm(join(this.#ports.dataDir, "scratch", "verify.db"), { force: true }).catch(() => undefined);
    this.#end(running, running.gaveUp === null ? outcome : { kind: "undone", reason: running.gaveUp });
  }

  async #inChild(running: Running, primary: VerifyOrder["primary"]): Promise<VerifyOutcome> {
    const { dataDir, binary, log } = this.#ports;
    const order: VerifyOrder = { dataDir, binary, primary };
    const child = spawnChild({
      name: "verify",
      command: process.execPath,
      args: [...process.execArgv, worker, JSON.stringify(order)],
      env: process.env,
      ipc: true,
      runDir: join(dataDir, "run"),
      log,
    });
    running.child = child;
    let outcome: VerifyOutcome = { kind: "undone", reason: "the process that verifies ended" };
    child.onMessage((raw) => {
      const parsed = fromVerify.safeParse(raw);
      if (!parsed.success) log.warn({ issues: parsed.error.issues.slice(0, 3) }, "verify said what is not understood");
      else if (parsed.data.kind === "step") running.step = parsed.data.step;
      else ({ outcome } = parsed.data);
    });
    await child.exited;
    return outcome;
  }

  #giveUp(reason: string): void {
    const { log } = this.#ports;
    if (this.#running === null || this.#running.gaveUp !== null) return;
    this.#running.gaveUp = reason;
    this.#running.child?.kill().catch((error: unknown) => log.error({ err: error }, "verify could not be killed"));
  }

  #end(running: Running, outcome: VerifyOutcome): void {
    const { nowMs, wallMs, ended } = this.#ports;
    this.#running = null;
    this.#ended += 1;
    const tookMs = Math.round(nowMs() - running.startedMs);
    const verified = { at: new Date(wallMs()).toISOString(), outcome, tookMs };
    // One that came to nothing takes nothing back.
    if (outcome.kind !== "undone" || this.#last?.outcome.kind !== "damaged") this.#last = verified;
    ended(verified);
  }
}
