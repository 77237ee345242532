import { request } from "node:http";
import { z } from "zod";

const RESPONSE_MAX_CHARS = 64 * 1024;

const syncAnswer = z.object({
  status: z.string(),
  txid: z.int().nonnegative(),
  replicated_txid: z.int().nonnegative(),
});
const txidAnswer = z.object({ txid: z.int().nonnegative() });

/** `synced`: everything up to `txid` is durable at the receiver. `unknown` is not `failed`: it may be durable too. */
export type SyncOutcome =
  | { kind: "synced"; txid: number; replicatedTxid: number }
  | { kind: "unknown"; reason: string };

type Reply = { status: number; body: string };

function ask(socket: string, method: "GET" | "POST", path: string, body: string, limitMs: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath: socket, method, path, agent: false, signal: AbortSignal.timeout(limitMs) },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > RESPONSE_MAX_CHARS) asked.destroy(new Error("answer too long"));
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
        response.on("error", reject);
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.name === "AbortError" ? "no answer within the time limit" : error.message;
};

/**
 * One sync over the control socket that includes every commit made before this call; never rejects. Litestream's own
 * time limit is not enforced, so `limitMs` is ours, and what comes later is unknown. "no_change" is success too.
 */
export async function syncOverSocket(socket: string, ledger: string, limitMs: number): Promise<SyncOutcome> {
  try {
    const body = JSON.stringify({ path: ledger, wait: true, timeout: Math.ceil(limitMs / 1000) });
    const reply = await ask(socket, "POST", "/sync", body, limitMs);
    if (reply.status !== 200) return { kind: "unknown", reason: `${reply.status} ${reply.body.trim().slice(0, 300)}` };
    const answer = syncAnswer.parse(JSON.parse(reply.body));
    if (answer.replicated_txid < answer.txid)
      return { kind: "unknown", reason: `replicated up to ${answer.replicated_txid} of ${answer.txid}` };
    return { kind: "synced", txid: answer.txid, replicatedTxid: answer.replicated_txid };
  } catch (error) {
    return { kind: "unknown", reason: reasonOf(error) };
  }
}

/** The txid up to which Litestream has taken the ledger's commits, replicated or not; null when it does not answer. */
export async function txidOverSocket(socket: string, ledger: string, limitMs: number): Promise<number | null> {
  try {
    const reply = await ask(socket, "GET", `/txid?path=${encodeURIComponent(ledger)}`, "", limitMs);
    return reply.status === 200 ? txidAnswer.parse(JSON.parse(reply.body)).txid : null;
  } catch {
    return null;
  }
}
