import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import Database from "better-sqlite3";
import { presets } from "../../ha/core/timing.ts";
import type { Preset } from "../../ha/core/timing.ts";
import { eventually } from "./demo-process.ts";
import { relayMachine, throughRelay } from "./net-bad-network.ts";
import type { BadNetwork } from "./net-bad-network.ts";
import { NetPair, other } from "./net-pair.ts";
import type { NetHealth, NodeName } from "./net-pair.ts";
import { shrinksOf, silencesOf } from "./net-silences.ts";

const LOSS = 0.05;
const JITTER_MS = 200;
const STREAM_BYTES_PER_SECOND = 250_000;
/** What passes in about ten seconds, with what has to be sent again, which is what a ledger may be; a silence falls into it. */
const LEDGER_BYTES = 1_000_000;
/** Each is a file, and a file is a way there and back for a standby that is filled. */
const PROBE_EVERY_MS = 2_000;
/** Between two silences, so that connections that had to wait are through again. */
const REST_MS = 8_000;
/** Rounds for which a standby is in sync before its disk is emptied again. */
const SYNCED_ROUNDS = 2;
const LOOK_EVERY_MS = 1_000;
const BOOTSTRAP_LIMIT_MS = 240_000;
const END_LIMIT_MS = 60_000;
const MINUTE_MS = 60_000;

export type SoakSetting = { readonly preset: Preset; readonly minutes: number };

/** What a pair went through, and what it made of it. All is well when `violations` is empty. */
export type Soak = {
  readonly setting: SoakSetting;
  /** The primary's at the beginning and at the end: it rises by one with each standby that lost its disk. */
  readonly epochs: readonly [number, number];
  readonly silences: number;
  /** How much longer than meant a silence was at most. */
  readonly lateMsMax: number;
  /** How long each copy to an empty disk took on the bad network, until the standby was in sync. */
  readonly bootstrapsMs: readonly number[];
  /** How often the primary went on alone. */
  readonly shrinks: number;
  /** How long a write waited for its confirmation, by the standby, and while that was being filled. */
  readonly confirmedMs: readonly number[];
  readonly aloneMs: readonly number[];
  readonly unconfirmed: number;
  readonly violations: readonly string[];
};

/**
 * The longest silences that a lease outlives for certain. Where a third hears all, the other voter carries the lease,
 * and the one that is deaf must not stand. Where the primary hears nothing, the last request that was granted before
 * may have left a beat and a way there and back earlier; the first after it leaves up to a beat later and takes as
 * long; and one of the two may be lost, which costs a beat more.
 */
export function silenceMs(preset: Preset, primaryIsDeaf: boolean): number {
  const { leaseMs, marginMs, beatMs } = presets[preset];
  return primaryIsDeaf ? Math.max(0, leaseMs - marginMs - 3 * beatMs - 4 * JITTER_MS) : leaseMs - marginMs;
}

export const soakNetwork = `${LOSS * 100}% loss, delays up to ${JITTER_MS} ms each way, ${STREAM_BYTES_PER_SECOND / 1_000} kB/s for a stream`;

/**
 * A pair on a network that loses, delays and falls silent for almost a lease, while its standby keeps losing its disk
 * and copies everything anew. Nothing of it is a reason for a failover. `say` gets a line each minute; `onPair` the
 * pair, as soon as there is something to end.
 */
export async function soak(
  setting: SoakSetting,
  say: (line: string) => void,
  onPair: (pair: NetPair) => void,
): Promise<Soak> {
  let network: BadNetwork | null = null;
  const prepare = (made: NetPair): void => {
    onPair(made);
    network = throughRelay(made, JITTER_MS, STREAM_BYTES_PER_SECOND);
  };
  const pair = await NetPair.make({ preset: setting.preset, more: [relayMachine], prepare });
  try {
    if (network === null) throw new Error("no relay");
    const soaking = new Soaking(pair, setting, network, await pair.healed());
    const result = await soaking.run(say);
    if (result.violations.length > 0) say(pair.logTails(60));
    return result;
  } catch (error) {
    throw new Error(`the soak could not go on\n${pair.logTails()}`, { cause: error });
  } finally {
    await pair.stop();
  }
}

class Soaking {
  readonly #pair: NetPair;
  readonly #setting: SoakSetting;
  readonly #network: BadNetwork;
  readonly #primary: NodeName;
  readonly #probes = new Set<Promise<void>>();
  readonly #confirmedMs: number[] = [];
  readonly #aloneMs: number[] = [];
  readonly #bootstrapsMs: number[] = [];
  readonly #violations: string[] = [];
  #unconfirmed = 0;
  #emptied = 0;
  #silences = 0;
  #lateMsMax = 0;
  #copyingSinceMs: number | null = null;
  #syncedRounds = SYNCED_ROUNDS;

  constructor(pair: NetPair, setting: SoakSetting, network: BadNetwork, primary: NodeName) {
    this.#pair = pair;
    this.#setting = setting;
    this.#network = network;
    this.#primary = primary;
  }

  async run(say: (line: string) => void): Promise<Soak> {
    const pair = this.#pair;
    const primary = this.#primary;
    grow(join(pair.dataDir(primary), "ledger", "ledger.db"));
    await pair.confirmedProbe(primary, END_LIMIT_MS);
    await pair.healed(END_LIMIT_MS);
    const before = await this.#answer(primary);
    const { epoch } = before;
    const shrunkBefore = shrinksOf(pair, primary);
    const shrunk = (): number => shrinksOf(pair, primary) - shrunkBefore;
    const probing = setInterval(() => void this.#probes.add(this.#probe()), PROBE_EVERY_MS);
    try {
      await this.#badPhase(epoch, (minute) => say(this.#progress(minute, shrunk())));
      pair.net.heal();
      this.#network.calm();
    } finally {
      clearInterval(probing);
      await Promise.all(this.#probes);
    }
    const epochAfter = await this.#judge(before);
    return {
      setting: this.#setting,
      epochs: [epoch, epochAfter],
      silences: this.#silences,
      lateMsMax: this.#lateMsMax,
      bootstrapsMs: this.#bootstrapsMs,
      shrinks: shrunk(),
      confirmedMs: this.#confirmedMs,
      aloneMs: this.#aloneMs,
      unconfirmed: this.#unconfirmed,
      violations: [...new Set(this.#violations)],
    };
  }

  /** What must hold when the network is good again; gives the primary's epoch. */
  async #judge({ epoch, pids }: NetHealth): Promise<number> {
    const pair = this.#pair;
    const primary = this.#primary;
    const leads = await pair.healed(END_LIMIT_MS).catch(() => null);
    if (leads === null) this.#violations.push("the pair was not in sync again at the end");
    const after = await this.#answer(primary);
    if (!this.#leadsOn(after, epoch))
      this.#violations.push(
        `at the end ${primary} is ${after.role} in epoch ${after.epoch}, and it led epoch ${epoch}`,
      );
    if (after.pids.app !== pids.app) this.#violations.push(`the app of ${primary} was started again`);
    if (this.#bootstrapsMs.length === 0) this.#violations.push("no standby was filled from empty on the bad network");
    if (leads !== null) this.#violations.push(...(await pair.lostProbes(leads)));
    this.#violations.push(...pair.violations());
    return after.epoch;
  }

  /** Whether it leads as before: a standby that lost its disk is sent everything anew, under an epoch of its own. */
  #leadsOn({ role, epoch }: NetHealth, epochBefore: number): boolean {
    return role === "primary" && epoch >= epochBefore && epoch <= epochBefore + this.#emptied;
  }

  /** On a busy machine an answer may be late. */
  async #answer(name: NodeName): Promise<NetHealth> {
    let health: NetHealth | null = null;
    await eventually(`${name} answers`, END_LIMIT_MS, async () => (health = await this.#pair.health(name)) !== null);
    if (health === null) throw new Error(`${name} does not answer`);
    return health;
  }

  /** Ends when its time is over and no copy is under way, or at the first failover. */
  async #badPhase(epoch: number, onMinute: (minute: number) => void): Promise<void> {
    const pair = this.#pair;
    for (const name of pair.net.machines.keys()) if (name !== relayMachine) pair.net.lose(name, LOSS);
    this.#network.worsen();
    const startMs = performance.now();
    const lengthMs = this.#setting.minutes * MINUTE_MS;
    let minute = 0;
    while (performance.now() - startMs < lengthMs || this.#copyingSinceMs !== null) {
      await this.#bootstrap(lengthMs - (performance.now() - startMs));
      for (let leftMs = REST_MS; leftMs > 0; leftMs -= LOOK_EVERY_MS) {
        await pass(LOOK_EVERY_MS);
        await this.#inSync();
      }
      const what = await this.#silence();
      const now = await pair.health(this.#primary);
      // No answer within three seconds is no failover: the machine is busy.
      if (now !== null && !this.#leadsOn(now, epoch)) {
        const since = now.history.slice(-3).map(({ text }) => text);
        this.#violations.push(
          `${what}, and ${this.#primary} is ${now.role} in epoch ${now.epoch}: ${since.join(" · ")}`,
        );
      }
      if (this.#violations.length > 0) return;
      const minutesPassed = Math.floor((performance.now() - startMs) / MINUTE_MS);
      if (minutesPassed > minute) onMinute((minute = minutesPassed));
    }
  }

  #progress(minute: number, shrunk: number): string {
    const last = this.#bootstrapsMs.at(-1);
    const copying = this.#copyingSinceMs === null ? "" : ", another being filled";
    return (
      `soak: minute ${minute} of ${this.#setting.minutes}: ${this.#primary} leads on, ${this.#silences} silences, ` +
      `${this.#bootstrapsMs.length} standbys filled${last === undefined ? "" : ` (the last in ${Math.round(last / 1_000)} s)`}${copying}, ` +
      `alone ${shrunk} times, ${this.#confirmedMs.length + this.#aloneMs.length} writes confirmed`
    );
  }

  async #probe(): Promise<void> {
    const startedMs = performance.now();
    const into = this.#copyingSinceMs === null ? this.#confirmedMs : this.#aloneMs;
    const outcome = await this.#pair.probe(this.#primary);
    if (outcome === "confirmed") into.push(performance.now() - startedMs);
    else this.#unconfirmed += 1;
  }

  /** One silence; says who heard nothing, and for how long. */
  async #silence(): Promise<string> {
    const all = silencesOf(this.#primary);
    const { what, deaf } = all[this.#silences % all.length] ?? all[0];
    const meantMs = silenceMs(
      this.#setting.preset,
      deaf.some((name) => name === this.#primary),
    );
    this.#silences += 1;
    if (meantMs === 0) return "there was no silence";
    const wasMs = await this.#pair.net.silence(deaf, meantMs);
    this.#lateMsMax = Math.max(this.#lateMsMax, wasMs - meantMs);
    return `${what} for ${meantMs} ms (${wasMs} ms with its beginning and end)`;
  }

  /** Whether the standby is in sync: then what it had to copy is copied. */
  async #inSync(): Promise<boolean> {
    const standby = other(this.#primary);
    const inSync = (await this.#pair.health(this.#primary))?.inSync.includes(standby) ?? false;
    if (this.#copyingSinceMs === null) return inSync;
    const sinceMs = performance.now() - this.#copyingSinceMs;
    if (inSync) {
      this.#bootstrapsMs.push(sinceMs);
      this.#copyingSinceMs = null;
      this.#syncedRounds = 0;
    } else if (sinceMs > BOOTSTRAP_LIMIT_MS) {
      this.#violations.push(`${standby} has been filled for ${Math.round(sinceMs / 1_000)} s and is not in sync`);
    }
    return inSync;
  }

  /** Empties the standby's disk as soon as it has been in sync for a while since the last time; the last one in time. */
  async #bootstrap(leftMs: number): Promise<void> {
    const pair = this.#pair;
    const standby = other(this.#primary);
    if (await this.#inSync()) this.#syncedRounds += 1;
    const inTime = leftMs > BOOTSTRAP_LIMIT_MS / 2 || this.#bootstrapsMs.length === 0;
    if (this.#copyingSinceMs !== null || this.#syncedRounds < SYNCED_ROUNDS || !inTime) return;
    await pair.kill(standby);
    this.#emptied += 1;
    for (const folder of ["ledger", "replica", "follower", "scratch"])
      rmSync(join(pair.dataDir(standby), folder), { recursive: true, force: true });
    pair.run(standby);
    const startedMs = performance.now();
    // A voter that does not run yet is none that could carry the lease while the other one hears nothing.
    await eventually(`${standby} is heard again, and holds nothing`, END_LIMIT_MS, async () => {
      const seen = await pair.health(this.#primary);
      return seen !== null && seen.peer?.reachable === true && !seen.inSync.includes(standby);
    });
    this.#copyingSinceMs = startedMs;
  }
}

/** Rows that cannot be compressed, in a table that nobody else looks at. */
function grow(ledger: string): void {
  const db = new Database(ledger, { fileMustExist: true, timeout: 5_000 });
  try {
    db.exec("CREATE TABLE ballast (data BLOB NOT NULL)");
    db.prepare("INSERT INTO ballast VALUES (randomblob(?))").run(LEDGER_BYTES);
  } finally {
    db.close();
  }
}
