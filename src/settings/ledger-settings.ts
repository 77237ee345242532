import { eq } from "../db/drizzle.ts";
import { settings } from "../db/ledger-schema.ts";
import { isUnusable } from "../db/sqlite-error.ts";
import { readPlanningSettings } from "../trading/planning-settings.ts";
import type { RowDeps } from "../web/token-rows.ts";
import { readSetting, type SettingValue } from "./read-setting.ts";
import { registry, type Setting, type SettingContent } from "./registry.ts";

const marginMs = 50;

export type ShownSetting = { readonly setting: Setting } & SettingValue;
/** `refused`: it does not go together with the others, and nothing was written. */
type PutOutcome =
  | { readonly kind: "set"; readonly confirmed: boolean }
  | { readonly kind: "refused"; readonly reason: string };

/** The settings of the registry in an open ledger. `changed` is called after each change. */
export class LedgerSettings {
  readonly #deps: RowDeps;
  readonly #changed: () => void;

  constructor(deps: RowDeps, changed: () => void) {
    this.#deps = deps;
    this.#changed = changed;
  }

  list(): readonly ShownSetting[] {
    return this.#deps.db.transaction((tx) => registry.map((setting) => ({ setting, ...readSetting(tx, setting) })));
  }

  /** Writes a value that the setting accepts, or goes back to the default with null. */
  async put({ key }: Setting, value: SettingContent | null): Promise<PutOutcome> {
    const { db, guard, confirm, write } = this.#deps;
    guard.check(marginMs);
    const text = JSON.stringify(value);
    try {
      write(() =>
        db.transaction((tx) => {
          if (value === null) tx.delete(settings).where(eq(settings.key, key)).run();
          else {
            const set = { value: text };
            const row = tx.insert(settings).values({ key, ...set });
            row.onConflictDoUpdate({ target: settings.key, set }).run();
          }
          // Judged as a whole, by whoever uses them: what throws here is not written.
          if (key.startsWith("planning.")) asRefusal(() => readPlanningSettings(db));
        }),
      );
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { kind: "refused", reason: error.message };
    }
    this.#changed();
    return { kind: "set", confirmed: (await confirm()) === "confirmed" };
  }
}

class Refusal extends Error {}

function asRefusal(judge: () => unknown): void {
  try {
    judge();
  } catch (error) {
    if (isUnusable(error)) throw error;
    throw new Refusal(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
