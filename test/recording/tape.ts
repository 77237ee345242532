import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { framesIn, textOf } from "./frames.ts";
import type { Frame } from "./frames.ts";

/** Size of the terminal that the demo is recorded on. */
export const screen = { columns: 100, rows: 32 };

const launcher = fileURLToPath(new URL("../../src/cli/trader.js", import.meta.url));
const seed = 7;
const limitMs = 120_000;

/** What is waited for on the screen, and the key that is pressed a while after it. */
const steps: readonly { readonly shown: RegExp; readonly afterMs: number; readonly key: string }[] = [
  { shown: /○ standby[^]*strict: any one[^]*accepted/, afterMs: 3_000, key: "k" },
  { shown: /● dead[^]*PRIMARY|PRIMARY[^]*● dead/, afterMs: 4_000, key: "r" },
  { shown: /○ standby[^]*strict: any one/, afterMs: 3_000, key: "q" },
];

/** Runs the demo on a terminal of its own, kills the primary, starts it again, and gives what was shown meanwhile. */
export async function tape(rows = screen.rows): Promise<readonly Frame[]> {
  const command = `stty rows ${rows} cols ${screen.columns}; exec '${process.execPath}' '${launcher}' demo --seed ${seed}`;
  const child = spawn("script", ["-qefc", command, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    timeout: limitMs,
  });
  const chunks: { atMs: number; text: string }[] = [];
  let step = 0;
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    chunks.push({ atMs: performance.now(), text });
    const next = steps[step];
    const shown = framesIn(chunks.slice(-4)).at(-1);
    if (next === undefined || shown === undefined || !next.shown.test(shown.lines.map(textOf).join("\n"))) return;
    step += 1;
    setTimeout(() => child.stdin.write(next.key), next.afterMs);
  });
  const [exitCode] = await once(child, "close");
  if (exitCode !== 0 || step < steps.length)
    throw new Error(`the demo ended with ${String(exitCode)} after ${step} keys`);
  return framesIn(chunks);
}
