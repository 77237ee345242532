import { eq } from "../db/drizzle.ts";
import { settings } from "../db/ledger-schema.ts";
import type { RowDeps } from "../web/token-rows.ts";
import { readSetting, type SettingValue } from "./read-setting.ts";
import { registry, type Setting } from "./registry.ts";

const marginMs = 50;

export type ShownSetting = { readonly setting: Setting } & SettingValue;

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

  /** Writes a value that the setting accepts, or goes back to the default with null; resolves to whether the other node has it too. */
  async put({ key }: Setting, value: number | null): Promise<{ readonly confirmed: boolean }> {
    const { db, guard, confirm, write } = this.#deps;
    guard.check(marginMs);
    const text = String(value);
    write(() =>
      value === null
        ? db.delete(settings).where(eq(settings.key, key)).run()
        : db
            .insert(settings)
            .values({ key, value: text })
            .onConflictDoUpdate({ target: settings.key, set: { value: text } })
            .run(),
    );
    this.#changed();
    return { confirmed: (await confirm()) === "confirmed" };
  }
}
