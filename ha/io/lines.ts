import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** Bounds of what a child may say: longer lines are cut, and lines beyond a second's share are counted, not passed on. */
export type LineLimits = { lineChars: number; linesPerSecond: number };

const DEFAULT_LINE_LIMITS: LineLimits = { lineChars: 4000, linesPerSecond: 200 };

/** Calls `onLine` for each line of a stream within `limits`; `nowMs` is any monotonic clock. */
export function readLines(
  stream: Readable,
  onLine: (line: string) => void,
  nowMs: () => number = () => performance.now(),
  limits: LineLimits = DEFAULT_LINE_LIMITS,
): void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let cut = 0;
  let windowStartMs = nowMs();
  let inWindow = 0;
  let dropped = 0;

  const emit = (): void => {
    const line = cut > 0 ? `${rest} [${cut} more characters]` : rest;
    rest = "";
    cut = 0;
    if (line === "") return;
    if (nowMs() - windowStartMs >= 1000) {
      if (dropped > 0) onLine(`[${dropped} lines dropped]`);
      windowStartMs = nowMs();
      inWindow = 0;
      dropped = 0;
    }
    inWindow += 1;
    if (inWindow > limits.linesPerSecond) dropped += 1;
    else onLine(line);
  };
  const keep = (text: string): void => {
    const room = Math.max(0, limits.lineChars - rest.length);
    rest += text.slice(0, room);
    cut += Math.max(0, text.length - room);
  };
  stream.on("data", (chunk: Buffer) => {
    const parts = decoder.write(chunk).split("\n");
    for (const [at, part] of parts.entries()) {
      if (at > 0) emit();
      keep(part);
    }
  });
  stream.on("end", () => {
    emit();
    if (dropped > 0) onLine(`[${dropped} lines dropped]`);
  });
  // A pipe that breaks with its child says nothing that `exited` does not.
  stream.on("error", () => {});
}
