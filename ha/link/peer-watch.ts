import { request as httpsRequest } from "node:https";
import type { Agent } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { errorCode } from "../io/durable-file.ts";
import { tlsNameOf } from "../io/pki.ts";
import { rosterSchema } from "../io/node-files.ts";
import type { Roster } from "../io/node-files.ts";
import { readBody } from "./http-body.ts";
import { stateSchema } from "./protocol.ts";
import type { ReceiverState, ToLink } from "./protocol.ts";

/** Where to send: the primary's own epoch and the peer that should receive it. */
export type Sending = Omit<Extract<ToLink, { kind: "send" }>, "kind">;

/** The peer's receiver as seen from here; `reason` is empty while it receives. */
export type PeerView = {
  receiving: boolean;
  diskId: string | null;
  epoch: number | null;
  txid: number | null;
  gap: boolean;
  reason: string;
};

/** `limitMs` is that of one poll; a peer that answers none is away when nothing came from it for `awayAfterMs`. */
export type WatchRhythm = { everyMs: number; repeatMs: number; limitMs: number; awayAfterMs: number };

/**
 * A line that is silent for less than a lease is no reason to cut off what is under way on it: TCP goes on by itself.
 * The poll that gets through afterwards is on a connection of its own, made after one that ran into the end of the
 * silence and failed.
 */
export function watchRhythm(leaseMs: number): WatchRhythm {
  const limitMs = Math.max(1000, leaseMs / 4);
  return { everyMs: 200, repeatMs: 1000, limitMs, awayAfterMs: leaseMs + 2 * limitMs };
}

/**
 * Whether a peer is away after `misses` polls in a row that failed, the last one with `error`; `silentMs` is for how
 * long nothing at all came from it. A refused connection counts at once: the machine is there and nobody listens. One
 * without a way to it may be a burst of the line's.
 */
export const isAway = (error: unknown, misses: number, silentMs: number, rhythm: WatchRhythm): boolean =>
  errorCode(error) === "ECONNREFUSED" || (misses > 1 && silentMs > rhythm.awayAfterMs);

/** What a state means for a primary `self` of `sending.epoch`: it receives only with exactly that promise. */
export function viewOf(state: ReceiverState, sending: Sending, self: string): PeerView {
  const { fence, newest, diskId, gap } = state;
  const at = { diskId, epoch: newest?.epoch ?? null, txid: newest?.txid ?? null, gap };
  if (state.node !== sending.peer.name) return { ...at, receiving: false, reason: `${state.node} answers there` };
  if (fence === null) return { ...at, receiving: false, reason: `${state.node} promised no epoch yet` };
  if (fence.epoch !== sending.epoch || fence.holder !== self) {
    return { ...at, receiving: false, reason: `${state.node} promised epoch ${fence.epoch} to ${fence.holder}` };
  }
  return { ...at, receiving: true, reason: "" };
}

/** The view after a poll that failed: nothing is known of the peer's disk any more. */
export const awayView = (reason: string): PeerView => ({
  receiving: false,
  diskId: null,
  epoch: null,
  txid: null,
  gap: false,
  reason: reason.slice(0, 500),
});

/** One small request to the peer's receiver, with its own time limit; rejects when there is no good answer. */
async function askPeer(
  sending: Sending,
  agent: Agent,
  signal: AbortSignal,
  limitMs: number,
  what: { method: "GET" | "PUT"; path: string; body?: string },
): Promise<string> {
  const { peer } = sending;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = httpsRequest(
    {
      host: peer.host,
      port: peer.port,
      method: what.method,
      path: what.path,
      agent,
      servername: tlsNameOf(peer.name),
      signal: AbortSignal.any([signal, AbortSignal.timeout(limitMs)]),
    },
    (response) => {
      readBody(response, 16 * 1024)
        .then((text) => {
          const status = response.statusCode ?? 0;
          if (status < 200 || status > 299) throw new Error(`${peer.name} answers ${status}: ${text ?? ""}`);
          return text ?? "";
        })
        .then(resolve, reject);
    },
  );
  request.on("error", reject);
  request.end(what.body);
  return promise;
}

/** Where the roster of this node is read and replaced. */
export type RosterPort = { current: () => Roster; take: (roster: Roster) => void };

/** The newer roster wins on both sides, so that members that joined one after the other learn of each other. */
async function exchangeRoster(
  theirVersion: number,
  roster: RosterPort,
  ask: (what: { method: "GET" | "PUT"; path: string; body?: string }) => Promise<string>,
): Promise<void> {
  const mine = roster.current();
  if (theirVersion < mine.version) await ask({ method: "PUT", path: "/roster", body: JSON.stringify(mine) });
  if (theirVersion > mine.version) {
    roster.take(rosterSchema.parse(JSON.parse(await ask({ method: "GET", path: "/roster" }))));
  }
}

/** `movedMs` is when something last moved on other connections to the peer. */
export type Watched = { onView: (view: PeerView) => void; movedMs: () => number };

/** Asks the peer's receiver until `signal` ends; `onView` gets every change, and a view each second while it answers. */
export async function watchPeer(
  sending: Sending,
  self: { name: string; roster: RosterPort },
  agent: Agent,
  rhythm: WatchRhythm,
  { onView, movedMs }: Watched,
  signal: AbortSignal,
): Promise<void> {
  const ask = (what: { method: "GET" | "PUT"; path: string; body?: string }) =>
    askPeer(sending, agent, signal, rhythm.limitMs, what);
  let last = "";
  let lastAtMs = Number.NEGATIVE_INFINITY;
  let answeredMs = Number.NEGATIVE_INFINITY;
  let misses = 0;
  while (!signal.aborted) {
    const startedMs = performance.now();
    let view: PeerView | null = null;
    try {
      const state = stateSchema.parse(JSON.parse(await ask({ method: "GET", path: "/state" })));
      view = viewOf(state, sending, self.name);
      misses = 0;
      answeredMs = performance.now();
      await exchangeRoster(state.rosterVersion, self.roster, ask).catch(() => undefined); // again at the next poll
    } catch (error) {
      misses += 1;
      const reason = error instanceof Error ? error.message : String(error);
      const silentMs = performance.now() - Math.max(answeredMs, movedMs());
      if (isAway(error, misses, silentMs, rhythm)) view = awayView(`no answer from ${sending.peer.name}: ${reason}`);
    }
    if (signal.aborted) return;
    const text = JSON.stringify(view);
    if (view !== null && (text !== last || startedMs - lastAtMs >= rhythm.repeatMs)) {
      last = text;
      lastAtMs = startedMs;
      onView(view);
    }
    const restMs = Math.max(10, rhythm.everyMs - (performance.now() - startedMs));
    await delay(restMs, undefined, { signal }).catch(() => undefined);
  }
}
