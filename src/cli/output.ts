import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Text in a style on a colour terminal, plain anywhere else (no TTY, NO_COLOR). */
export const styled = (style: Style, text: string): string => styleText(style, text, { stream: process.stdout });

/** One line for people, on stdout. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One JSON line for machines, on stdout. */
export function sayJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** A duration in words for a person who waits: "3 s ago", "5 min ago". */
export function agoText(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}
