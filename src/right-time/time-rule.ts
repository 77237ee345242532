/** What a host said in its `Date` header, which has whole seconds; the others are this machine's wall clock. */
export type HostTime = {
  readonly host: string;
  readonly dateMs: number;
  readonly askedMs: number;
  readonly answeredMs: number;
};

export type TimeEvidence = {
  /** What the machine's time service says of itself; null when none says anything. */
  readonly synchronised: boolean | null;
  /** Of the hosts that answered. */
  readonly hosts: readonly HostTime[];
};

/** A check of the wall clock and when it was made; `trouble` null: the clock is right. */
export type TimeCheck = { readonly trouble: string | null; readonly at: Instant };
export type Instant = { readonly wallMs: number; readonly monotonicMs: number };

export const HOSTS_NEEDED = 2;
/** Besides a host's whole second and the way of its answer. */
const APART_MS_MAX = 2_000;
const CHECK_LASTS_MS = 2 * 3_600_000;

/** Why the wall clock may be wrong; null: nothing says so, and two hosts, asked for it, agree with it. */
export function timeTrouble({ synchronised, hosts }: TimeEvidence): string | null {
  if (synchronised === false) return "this machine's time service says that the clock is not synchronised";
  if (hosts.length < HOSTS_NEEDED) return `${hosts.length} of ${HOSTS_NEEDED} hosts said what time it is`;
  const [apart] = hosts.flatMap((host) => {
    const ms = apartMs(host);
    return Math.abs(ms) > APART_MS_MAX ? [{ host: host.host, ms }] : [];
  });
  if (apart === undefined) return null;
  return `the clock is ${Math.round(Math.abs(apart.ms) / 1000)} s ${apart.ms < 0 ? "behind" : "ahead of"} ${apart.host}`;
}

/** How far the wall clock is ahead of a host's at least, negative when behind; 0 when it may be right. */
function apartMs({ dateMs, askedMs, answeredMs }: HostTime): number {
  // The header was written somewhere between asking and answering, in the second that it names.
  if (askedMs > dateMs + 1_000) return askedMs - dateMs - 1_000;
  return answeredMs < dateMs ? answeredMs - dateMs : 0;
}

/** Why nothing may be traded by the wall clock now; null: the last check still tells that it is right. */
export function troubleNow(check: TimeCheck | null, now: Instant): string | null {
  if (check === null) return "the clock was not checked yet";
  if (check.trouble !== null) return check.trouble;
  const elapsedMs = now.monotonicMs - check.at.monotonicMs;
  const setMs = now.wallMs - check.at.wallMs - elapsedMs;
  if (Math.abs(setMs) > APART_MS_MAX) {
    return `the clock was set by ${(setMs / 1000).toFixed(0)} s since it was checked`;
  }
  return elapsedMs > CHECK_LASTS_MS ? "the clock was not checked for two hours" : null;
}
