import type { Logger } from "pino";
import type { Message, VoterRecord } from "./core/messages.ts";
import type { Action, Member, MemberEvent, Ready } from "./core/member.ts";
import { step } from "./core/step.ts";

/** What the shell performs for the core. `persist` resolves when the record, and the receiver's fence with it, is durable. */
export type LeasePorts = {
  readonly nowMs: () => number;
  readonly persist: (record: VoterRecord) => Promise<void>;
  readonly send: (message: Message) => void;
  readonly act: (action: Action) => void;
  /** Called when a record could not be made durable: this node must not say another word. */
  readonly failed: (error: unknown) => void;
  log: Logger;
};

type Phase = Member["phase"]["kind"];

/** More effects than this wait only when the disk hangs; then answers are dropped, as a network would. */
const waitingMax = 256;

/**
 * Feeds the core with time and events, and performs what it returns in its order: persist, then send, then act.
 * The core's state runs ahead of the disk; no message leaves before what it promises is durable. [HA-2]
 */
export class LeaseShell {
  #member: Member;
  readonly #ports: LeasePorts;
  readonly #waiting: Ready[] = [];
  #busy = false;
  #stopped = false;
  #timer: NodeJS.Timeout | null = null;
  readonly #watchers = new Set<() => void>();
  readonly #since = new Map<Phase, number>();

  constructor(member: Member, ports: LeasePorts) {
    this.#member = member;
    this.#ports = ports;
  }

  get member(): Member {
    return this.#member;
  }

  /** Everything that the member says it has recorded is on the disk, and said to whom it concerns. */
  get durable(): boolean {
    return !this.#busy;
  }

  run(): void {
    this.#timer = setInterval(() => this.feed({ kind: "tick" }), this.#member.voter.timing.tickMs);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  feed(event: MemberEvent): void {
    if (this.#stopped) return;
    const nowMs = this.#ports.nowMs();
    const ready = step(this.#member, event, nowMs);
    const { kind } = ready.member.phase;
    if (kind !== this.#member.phase.kind) this.#since.set(kind, nowMs);
    this.#member = ready.member;
    if (!this.#busy && ready.persist === null) this.#perform(ready);
    else if (ready.persist !== null || ready.act.length > 0 || this.#waiting.length < waitingMax) {
      this.#waiting.push(ready);
      if (!this.#busy) void this.#drain();
    }
    for (const watcher of this.#watchers) watcher();
  }

  /** How long ago this node last came into each phase that it has been in: where a takeover's time went. */
  agoMs(): Readonly<Partial<Record<Phase, number>>> {
    const nowMs = this.#ports.nowMs();
    return Object.fromEntries([...this.#since].map(([phase, atMs]) => [phase, Math.round(nowMs - atMs)]));
  }

  /** Calls back after every event until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Resolves true as soon as the condition holds of the member, false after the limit. */
  until(condition: (member: Member) => boolean, limitMs: number): Promise<boolean> {
    if (condition(this.#member)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (holds: boolean): void => {
        clearTimeout(timer);
        unwatch();
        resolve(holds);
      };
      const timer = setTimeout(() => settle(false), limitMs);
      const unwatch = this.watch(() => {
        if (condition(this.#member)) settle(true);
      });
    });
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    try {
      for (let ready = this.#waiting.shift(); ready !== undefined; ready = this.#waiting.shift()) {
        if (ready.persist !== null) await this.#ports.persist(ready.persist);
        if (this.#stopped) return;
        this.#perform(ready);
      }
    } catch (error) {
      this.stop();
      this.#ports.failed(error);
    } finally {
      this.#busy = false;
    }
  }

  #perform(ready: Ready): void {
    for (const message of ready.send) this.#ports.send(message);
    for (const action of ready.act) this.#ports.act(action);
  }
}
