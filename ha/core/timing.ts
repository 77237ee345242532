/** All durations of the lease in one place, with the relations that make it safe. Milliseconds. */
export type Timing = {
  /** A voter's promise, from the receipt of a request. */
  readonly leaseMs: number;
  /** Between two renewals. */
  readonly beatMs: number;
  /** What a holder takes off its validity: clock-rate error, and the time to stop acting. */
  readonly marginMs: number;
  /** How often the core is ticked. */
  readonly tickMs: number;
  /** How long a request for confirmation waits for the standby before the primary looks for a way on alone. */
  readonly syncLimitMs: number;
};

export type Preset = "fast" | "default" | "wifi";

const preset = (leaseMs: number, beatMs: number): Timing =>
  checkTiming({ leaseMs, beatMs, marginMs: leaseMs / 20, tickMs: Math.min(25, beatMs / 4), syncLimitMs: leaseMs / 2 });

/** Two clocks may differ in rate by at most this share of the time that passes. */
export const clockRateError = 0.005;

/**
 * Of an arbiter without a memory. `networkGrantMs`: how long an answer of the network carries a primary, from the send
 * time of its probe. Two renewals less than a lease: a primary that loses everything at once, just after two renewals
 * were lost, has stopped before its standby may stand.
 */
export const networkGrantMs = ({ leaseMs, beatMs }: Timing): number => leaseMs - 2 * beatMs;
/** A standby that was attached when the contact broke may stand by itself for so long; what it lacks later, it cannot know. */
export const attachedWithinMs = ({ leaseMs }: Timing): number => 3 * leaseMs;
/** A lease more: what was sent before the set shrank may arrive late, and clocks differ in rate. */
export const aloneAfterMs = (timing: Timing): number => attachedWithinMs(timing) + timing.leaseMs;
/** A last holder that comes back listens for so long whether the other has led since. */
export const listenMs = ({ leaseMs }: Timing): number => 2 * leaseMs;
/** Between two probes of the network, and where a standby is about to stand. */
export const probeEveryMs = ({ leaseMs, tickMs }: Timing, urgent: boolean): number =>
  urgent ? 2 * tickMs : leaseMs / 4;
/** A standby greets every few beats, to know who is there and under which boot id. */
export const greetEveryBeats = 4;

/** Returns the timing unchanged; throws when a relation does not hold. */
export function checkTiming(timing: Timing): Timing {
  const { leaseMs, beatMs, marginMs, tickMs, syncLimitMs } = timing;
  const relations: readonly [string, boolean][] = [
    // [HA-1] The holder's validity by the slowest clock ends before a voter's promise by the fastest.
    [
      "(leaseMs - marginMs) by a slow clock < leaseMs by a fast one",
      (leaseMs - marginMs) * (1 + clockRateError) < leaseMs * (1 - clockRateError),
    ],
    ["three renewals fit into a lease", beatMs * 3 < leaseMs - marginMs],
    ["a tick is at most a quarter of a beat", tickMs > 0 && tickMs <= beatMs / 4],
    [
      "a lease that the network carries survives a lost probe",
      probeEveryMs(timing, false) * 2 < networkGrantMs(timing) - marginMs,
    ],
    ["a standby has time to stand when its promise has ended", attachedWithinMs(timing) >= 2 * leaseMs],
    [
      "who confirms alone by a slow clock does so when no standby stands any more by a fast one",
      aloneAfterMs(timing) * (1 - clockRateError) > attachedWithinMs(timing) * (1 + clockRateError) + leaseMs / 2,
    ],
    ["whoever listens is greeted at least twice by a standby", listenMs(timing) >= 2 * greetEveryBeats * beatMs],
    ["a sync limit leaves time within the lease", syncLimitMs > 0 && syncLimitMs <= leaseMs / 2],
  ];
  const broken = relations.filter(([, holds]) => !holds).map(([name]) => name);
  if (broken.length > 0) throw new Error(`timing: ${broken.join("; ")}`);
  return timing;
}

/** `fast`: by wire. `default`. `wifi`: Wi-Fi fails in bursts of one to five seconds. */
export const presets: Readonly<Record<Preset, Timing>> = {
  fast: preset(1_000, 100),
  default: preset(3_000, 250),
  wifi: preset(8_000, 500),
};
