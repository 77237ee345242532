import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Attempt } from "../../../src/exchange/book.ts";

const attempt = z.object({
  at: z.string(),
  clientOrderId: z.string(),
  symbol: z.string(),
  side: z.string(),
  qty: z.number(),
  outcome: z.string(),
});
const main = fileURLToPath(new URL("../../../src/exchange/main.ts", import.meta.url));

export type ExchangeProcess = {
  readonly url: string;
  readonly child: ChildProcess;
  journal(): Promise<readonly Attempt[]>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
};

/** Starts the exchange simulator on a free port; it dies with the test process. Throws when it exits before it is ready. */
export async function startExchange(dataDir: string, argv: readonly string[] = []): Promise<ExchangeProcess> {
  const child = spawnExchange(["--port", "0", "--data", dataDir, ...argv]);
  let stderr = "";
  child.stderr?.on("data", (chunk) => (stderr += String(chunk)));
  const lines = createInterface({ input: child.stdout! });
  const ready = once(lines, "line").then(([line]) => z.object({ port: z.number() }).parse(JSON.parse(String(line))));
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the exchange ended with code ${code}: ${stderr}`);
  });
  ended.catch(() => undefined);
  const { port } = await Promise.race([ready, ended]);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    child,
    journal: async () => z.array(attempt).parse(await (await fetch(`${url}/journal`)).json()),
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    },
  };
}

export function spawnExchange(argv: readonly string[]): ChildProcess {
  const command = ["--pdeathsig", "KILL", "--", process.execPath, main, ...argv];
  return spawn("setpriv", command, { stdio: ["ignore", "pipe", "pipe"] });
}
