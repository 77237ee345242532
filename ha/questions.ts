import type { AgentHistory } from "./agent-history.ts";
import type { Digest } from "./io/verification-messages.ts";
import type { Reply } from "./link/agent-port.ts";
import type { Question } from "./link/protocol.ts";
import type { PrimaryDuty } from "./primary-duty.ts";
import type { Verifier } from "./verifier.ts";

type Answerers = { readonly primary: PrimaryDuty; readonly verifier: Verifier; readonly history: AgentHistory };

/** A history of the pair is put together from so many of each node. */
const eventsMax = 200;

/** What this node's agent says to a member of the cluster, or to the owner of this machine. */
export async function answerQuestion(about: Question, { primary, verifier, history }: Answerers): Promise<Reply> {
  switch (about) {
    case "digest": {
      const read = await primary.digest();
      if (read.kind === "refused") return { status: 409, body: { error: read.reason } };
      const { epoch, txid, content } = read;
      return { status: 200, body: { epoch, txid, ...content } satisfies Digest };
    }
    case "verify": {
      const refused = await verifier.start();
      return refused === null ? { status: 200, body: verifier.state } : { status: 409, body: { error: refused } };
    }
    case "history":
      return { status: 200, body: { events: await history.read(eventsMax) } };
    case "verification":
      break;
  }
  return { status: 200, body: verifier.state };
}
