import { z } from "zod";
import type { ActGuard, Confirm } from "../app-ports.ts";
import { eq, like } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { settings } from "../db/ledger-schema.ts";
import type { LiveSwitch } from "./live-rules.ts";
import type { Controls, Reading } from "./protections.ts";

const prefix = "trading:";
const writeMarginMs = 50;

const euros = z.number().positive();
const liveSwitch: z.ZodType<LiveSwitch> = z.strictObject({
  account: z.string().min(1),
  orderEurMax: euros,
  dayEurMax: euros,
  sinceMs: z.number(),
});

/** The switches that the owner sets, by the names of their settings. Absent is off, or the default. */
const stored = z.strictObject({
  "stop-everything": z.strictObject({ sinceMs: z.number() }).optional(),
  "pause-buys": z.strictObject({ sinceMs: z.number() }).optional(),
  "when-detached": z.enum(["available", "strict"]).default("available"),
  live: liveSwitch.optional(),
});
type Stored = z.input<typeof stored>;

/** Reads the switches from the ledger, now; one that cannot be read makes all of them unknown. */
export function readControls(db: LedgerDb): Reading<Controls> {
  const rows = db
    .select()
    .from(settings)
    .where(like(settings.key, `${prefix}%`))
    .all();
  const raw: Record<string, unknown> = {};
  for (const { key, value } of rows) {
    try {
      raw[key.slice(prefix.length)] = JSON.parse(value);
    } catch {
      return { kind: "failed", reason: `the setting ${key} cannot be read` };
    }
  }
  const parsed = stored.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const what = issue?.path.join(".") || "of trading";
    return { kind: "failed", reason: `the setting ${prefix}${what} cannot be read: ${issue?.message ?? "no reason"}` };
  }
  const { live, ...rest } = parsed.data;
  return {
    kind: "read",
    value: {
      stopSinceMs: rest["stop-everything"]?.sinceMs ?? null,
      pauseBuysSinceMs: rest["pause-buys"]?.sinceMs ?? null,
      whenDetached: rest["when-detached"],
      live: live ?? null,
    },
  };
}

export type ControlDeps = {
  readonly db: LedgerDb;
  readonly guard: ActGuard;
  readonly confirm: Confirm;
  /** Performs one write; after one that the ledger could not take there is no other. */
  readonly write: <T>(work: () => T) => T;
};

/** Sets a switch, or takes it away when undefined; resolves with whether the other node has it too. */
export async function setControl<Key extends keyof Stored>(
  { db, guard, confirm, write }: ControlDeps,
  key: Key,
  value: Stored[Key],
): Promise<boolean> {
  guard.check(writeMarginMs);
  const row = { key: prefix + key, value: JSON.stringify(value) };
  write(() =>
    value === undefined
      ? db.delete(settings).where(eq(settings.key, row.key)).run()
      : db
          .insert(settings)
          .values(row)
          .onConflictDoUpdate({ target: settings.key, set: { value: row.value } })
          .run(),
  );
  return (await confirm()) === "confirmed";
}
