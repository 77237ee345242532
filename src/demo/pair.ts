import { connect } from "node:net";
import { z } from "zod";
import { parseOrNull } from "./json.ts";
import { DemoError } from "./options.ts";
import type { DemoPlan } from "./plan.ts";
import { until } from "./poll.ts";
import type { DemoProcesses } from "./processes.ts";

const START_LIMIT_MS = 60_000;
const CONNECT_LIMIT_MS = 500;

const tokensSchema = z.object({ nodeToken: z.string(), witnessToken: z.string() });

/** Sets up a cluster with the commands that a user would type, and starts everything. */
export async function startPair(
  plan: DemoPlan,
  processes: DemoProcesses,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const [a, b] = plan.nodes;
  const listening = (name: string, port: number): Promise<unknown> =>
    until(
      () => `${name} listens on port ${port}`,
      START_LIMIT_MS,
      signal,
      async () => {
        processes.assertRuns(name);
        return (await accepts(port)) ? true : null;
      },
    );

  progress("The exchange simulator starts.");
  processes.start("exchange", plan.exchange.start);
  progress(`${a.name} founds a cluster: trader init`);
  const tokens = tokensFrom(await processes.once("trader init", plan.init));
  progress(`${a.name} starts: trader run`);
  processes.start(a.name, a.start);
  await Promise.all([listening("exchange", plan.exchange.port), listening(a.name, a.linkPort)]);
  progress("The witness and the second node join: trader join");
  await Promise.all([
    processes.once("trader join (witness)", plan.joinWitness(tokens.witnessToken)),
    processes.once("trader join", plan.joinNode(tokens.nodeToken)),
  ]);
  signal.throwIfAborted();
  progress(`The witness and ${b.name} start: trader witness, trader run`);
  processes.start("witness", plan.witness.start);
  processes.start(b.name, b.start);
}

function tokensFrom(lines: readonly string[]): z.infer<typeof tokensSchema> {
  for (const line of lines) {
    const parsed = z.preprocess(parseOrNull, tokensSchema).safeParse(line);
    if (parsed.success) return parsed.data;
  }
  throw new DemoError("trader init printed no tokens.");
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", timeout: CONNECT_LIMIT_MS });
    const settle = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
    socket.once("timeout", () => settle(false));
  });
}
