import { existsSync, readFileSync, readdirSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { tlsNameOf } from "../../ha/io/pki.ts";
import type { ReadyNode } from "./demo-process.ts";

const LIMIT_MS = 3_000;

/** Every file that `node` received under this epoch; empty when it has let go of them. */
export function receivedFiles(node: ReadyNode, epoch: number): ReadonlySet<string> {
  const folder = join(node.dataDir, "replica", "e", String(epoch));
  return new Set(existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : []);
}

/** Status of one replica request to `to`'s receiver, with the certificate of `from`, as its Litestream would send it. */
function sendAs(from: ReadyNode, to: ReadyNode, method: "PUT" | "DELETE", path: string): Promise<number> {
  const pki = (file: string): string => readFileSync(join(from.dataDir, "pki", file), "utf8");
  const body = Buffer.from("not of this epoch");
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const asked = request(
    {
      host: "127.0.0.1",
      port: to.agentPort + 1,
      servername: tlsNameOf(to.name),
      key: pki("node.key"),
      cert: pki("node.crt"),
      ca: pki("ca.crt"),
      method,
      path,
      agent: false,
      headers: method === "PUT" ? { "content-length": body.length } : {},
      signal: AbortSignal.timeout(LIMIT_MS),
    },
    (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    },
  );
  asked.on("error", reject);
  asked.end(method === "PUT" ? body : undefined);
  return promise;
}

/** What the receiver of `to` still takes from `from` under an epoch that is over; empty when it refuses all of it. */
export async function takenFrom(from: ReadyNode, to: ReadyNode, epoch: number): Promise<string[]> {
  const file = `/e/${epoch}/ltx/0/00000000000fffff-00000000000fffff.ltx`;
  const answers = await Promise.all((["PUT", "DELETE"] as const).map((method) => sendAs(from, to, method, file)));
  return answers.every((status) => status === 403) ? [] : [`the old stream got ${answers.join(" and ")} for ${file}`];
}
