import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

/**
 * Runs on a machine of the suite and asks from there, so that a cut never lies between the asker and the node:
 * `net-inside.ts [HEALTH_PORT]` performs requests that come in as lines, and samples `/primary` of its own machine.
 */

const EVERY_MS = 20;
const SAMPLE_LIMIT_MS = 1_000;

const requestSchema = z.object({
  id: z.int(),
  method: z.string(),
  url: z.string(),
  body: z.string().optional(),
  limitMs: z.number(),
});

/** One clock for all processes of this machine, unlike `performance.now()`. */
const nowMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);

async function perform(text: string): Promise<void> {
  const { id, method, url, body, limitMs } = requestSchema.parse(JSON.parse(text));
  try {
    const response = await fetch(url, {
      method,
      signal: AbortSignal.timeout(limitMs),
      ...(body !== undefined && { body, headers: { "content-type": "application/json" } }),
    });
    say({ kind: "answer", id, status: response.status, text: await response.text() });
  } catch {
    say({ kind: "answer", id, status: null, text: "" });
  }
}

async function sample(port: number): Promise<never> {
  for (;;) {
    const sentMs = nowMs();
    try {
      const signal = AbortSignal.timeout(SAMPLE_LIMIT_MS);
      const response = await fetch(`http://127.0.0.1:${port}/primary`, { signal });
      const { epoch } = z.looseObject({ epoch: z.int() }).parse(await response.json());
      say({ kind: "sample", sentMs, heardMs: nowMs(), leads: response.status === 200, epoch });
    } catch {
      // Nobody answers: the node is not up.
    }
    await sleep(Math.max(1, EVERY_MS - (nowMs() - sentMs)));
  }
}

createInterface({ input: process.stdin })
  .on("line", (line) => void perform(line))
  .on("close", () => process.exit(0));
const port = Number(process.argv[2] ?? "0");
if (port > 0) await sample(port);
