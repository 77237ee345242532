import { request as httpsRequest } from "node:https";
import type { Agent } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { errorCode } from "../io/durable-file.ts";
import { tlsNameOf } from "../io/pki.ts";
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
  reason: string;
};

/** Rhythm of the watch; a peer that misses one poll of several is not yet away. */
const WATCH = { everyMs: 200, limitMs: 1000, repeatMs: 1000, missesAllowed: 1 };

/** What a state means for a primary `self` of `sending.epoch`: it receives only with exactly that promise. */
export function viewOf(state: ReceiverState, sending: Sending, self: string): PeerView {
  const { fence, newest, diskId } = state;
  const at = { diskId, epoch: newest?.epoch ?? null, txid: newest?.txid ?? null };
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
  reason: reason.slice(0, 500),
});

/** One `GET /state`, with its own time limit; rejects with the reason. */
async function askState(sending: Sending, agent: Agent, signal: AbortSignal): Promise<ReceiverState> {
  const { peer } = sending;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(WATCH.limitMs)]);
  const { promise, resolve, reject } = Promise.withResolvers<ReceiverState>();
  const request = httpsRequest(
    { host: peer.host, port: peer.port, path: "/state", agent, servername: tlsNameOf(peer.name), signal: limit },
    (response) => {
      readBody(response, 16 * 1024)
        .then((text) => {
          if (response.statusCode !== 200)
            throw new Error(`${peer.name} answers ${response.statusCode}: ${text ?? ""}`);
          return stateSchema.parse(JSON.parse(text ?? ""));
        })
        .then(resolve, reject);
    },
  );
  request.on("error", reject);
  request.end();
  return promise;
}

const hasNobody = (error: unknown): boolean => ["ECONNREFUSED", "EHOSTUNREACH"].includes(errorCode(error) ?? "");

/**
 * Asks the peer's receiver until `signal` ends; `onView` gets every change, and otherwise a view each second.
 * A refused connection counts at once; a slow or broken one only when it happens twice in a row.
 */
export async function watchPeer(
  sending: Sending,
  self: string,
  agent: Agent,
  onView: (view: PeerView) => void,
  signal: AbortSignal,
): Promise<void> {
  let last = "";
  let lastAtMs = Number.NEGATIVE_INFINITY;
  let misses = 0;
  while (!signal.aborted) {
    const startedMs = performance.now();
    let view: PeerView | null = null;
    try {
      view = viewOf(await askState(sending, agent, signal), sending, self);
      misses = 0;
    } catch (error) {
      misses += 1;
      const reason = error instanceof Error ? error.message : String(error);
      if (hasNobody(error) || misses > WATCH.missesAllowed)
        view = awayView(`no answer from ${sending.peer.name}: ${reason}`);
    }
    if (signal.aborted) return;
    const text = JSON.stringify(view);
    if (view !== null && (text !== last || startedMs - lastAtMs >= WATCH.repeatMs)) {
      last = text;
      lastAtMs = startedMs;
      onView(view);
    }
    const restMs = Math.max(10, WATCH.everyMs - (performance.now() - startedMs));
    await delay(restMs, undefined, { signal }).catch(() => undefined);
  }
}
