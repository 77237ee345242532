import { z } from "zod";
import { CliError, exitCodes } from "./exit.ts";

const refusalSchema = z.object({ detail: z.string() });
const limitMs = 15_000;

export type AppRequest = {
  readonly dataDir: string;
  readonly method: "GET" | "POST" | "DELETE";
  /** "/api/…". */
  readonly path: string;
  readonly body?: object;
};

/**
 * Asks the app of this node, which has to lead: what is changed is in the ledger. It is told that a command of the
 * node asks, which only who may read its secrets can be.
 */
export async function askApp<T>({ dataDir, method, path, body }: AppRequest, schema: z.ZodType<T>): Promise<T> {
  const { readSecrets } = await import("../../ha/io/node-files.ts");
  const { commandProof } = await import("../web/web-secrets.ts");
  const port = await primaryPort(dataDir);
  const headers = {
    "content-type": "application/json",
    authorization: `Bearer ${commandProof(readSecrets(dataDir).clusterSecret)}`,
  };
  const init = { method, headers, signal: AbortSignal.timeout(limitMs) };
  const request = body === undefined ? init : { ...init, body: JSON.stringify(body) };
  const answer: unknown = await fetch(`http://127.0.0.1:${port}${path}`, request).then(
    (response) => response.json(),
    (cause: unknown) => {
      throw new CliError("The app did not answer; whether it was done is not known.", exitCodes.inProgress, { cause });
    },
  );
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const refusal = refusalSchema.safeParse(answer);
  const why = refusal.success ? `Not done: ${refusal.data.detail.replace(/\.$/, "")}.` : null;
  throw new CliError(why ?? "The app answered with something else.");
}

/** What is to be said of a change that the other node may not have yet. */
export const heldText = (confirmed: boolean): string =>
  confirmed ? "" : " The other node has not confirmed it yet: a failover now may forget it.";

/** The app's port on this machine; throws with the node's name where the other one leads. */
async function primaryPort(dataDir: string): Promise<number> {
  const { askAgent } = await import("./agent-call.ts");
  const { agentViewSchema } = await import("./agent-view.ts");
  const view = await askAgent({ dataDir, method: "GET", route: "/status", limitMs: 2_000 }, agentViewSchema);
  if (view.role === "primary" && view.ledgerOpen && view.appPort !== null) return view.appPort;
  const elsewhere = view.primary === null || view.primary === view.node ? "No node leads" : `${view.primary} leads`;
  throw new CliError(`${elsewhere}: tokens are made where the ledger is open.`, exitCodes.refused);
}
