import { z } from "zod";
import type { AppClock } from "./app-ports.ts";

/** Where an app's clock starts and how fast it runs; travels in the start arguments, so a restart changes no slot. */
export type ClockArgs = { readonly originRealMs: number; readonly originAppMs: number; readonly scale: number };

/** Real time. The origin is one fixed instant, so that a market replay is the same after every restart. */
export const realTime: ClockArgs = {
  originRealMs: Date.UTC(2026, 0, 1),
  originAppMs: Date.UTC(2026, 0, 1),
  scale: 1,
};

/** `node:util` parseArgs options that every program with an app clock takes. */
export const clockOptions = {
  "clock-origin-real": { type: "string" },
  "clock-origin-app": { type: "string" },
  "clock-scale": { type: "string" },
} as const;

const instantMs = z.coerce.number().int().nonnegative();
const givenClock = z.object({
  "clock-origin-real": instantMs,
  "clock-origin-app": instantMs,
  "clock-scale": z.coerce.number().positive().max(100_000),
});

/** Clock arguments from parsed options; all three or none. Throws a ZodError that names what is wrong. */
export function parseClock(values: { readonly [name: string]: unknown }): ClockArgs {
  if (Object.keys(clockOptions).every((name) => values[name] === undefined)) return realTime;
  const given = givenClock.parse(values);
  return {
    originRealMs: given["clock-origin-real"],
    originAppMs: given["clock-origin-app"],
    scale: given["clock-scale"],
  };
}

/** The same clock as start arguments of another process. */
export const clockArgv = (clock: ClockArgs): readonly string[] => [
  "--clock-origin-real",
  String(clock.originRealMs),
  "--clock-origin-app",
  String(clock.originAppMs),
  "--clock-scale",
  String(clock.scale),
];

/** An app clock over a real one (milliseconds since 1970; the system's unless given). */
export const appClock = (args: ClockArgs, realNowMs: () => number = Date.now): AppClock => ({
  nowMs: () => Math.round(args.originAppMs + (realNowMs() - args.originRealMs) * args.scale),
  originAppMs: args.originAppMs,
  realMs: (appDurationMs) => appDurationMs / args.scale,
});
