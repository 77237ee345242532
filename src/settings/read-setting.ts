import { eq } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { settings } from "../db/ledger-schema.ts";
import { isAccepted, settingOf, type JobSettingKey, type Setting, type SettingContent } from "./registry.ts";

/** Something that reads: the ledger, or a transaction on it. */
type Reader = Pick<LedgerDb, "select">;

/** What is in force, and what the ledger says where that cannot be taken any more. */
export type SettingValue = {
  readonly value: SettingContent;
  readonly isDefault: boolean;
  readonly unusable: string | null;
};

/**
 * The value that is in force now. Read anew every time, in the transaction that uses it: a copy that was kept would go
 * on after a change or a takeover. What this version cannot take counts as not said.
 */
export function readSetting(db: Reader, setting: Setting): SettingValue {
  const row = db.select().from(settings).where(eq(settings.key, setting.key)).get();
  if (row === undefined) return { value: setting.byDefault, isDefault: true, unusable: null };
  const value = parsed(row.value);
  return isAccepted(setting, value)
    ? { value, isDefault: false, unusable: null }
    : { value: setting.byDefault, isDefault: true, unusable: row.value.slice(0, 60) };
}

/** The number that is in force for this key. */
export function settingIn(db: Reader, key: JobSettingKey): number {
  const setting = settingOf(key);
  const value = setting && readSetting(db, setting).value;
  if (typeof value !== "number") throw new Error(`no setting ${key}`);
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
