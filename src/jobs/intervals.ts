import type { Job } from "../app-ports.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { settingIn } from "../settings/read-setting.ts";
import type { JobSettingKey } from "../settings/registry.ts";

const hourMinutes = 60;

const keys: Readonly<Record<string, JobSettingKey>> = {
  "price-sync": "jobs.priceMinutes",
  "portfolio-sync": "jobs.portfolioMinutes",
  "score-refresh": "jobs.scoreMinutes",
  rebalance: "jobs.rebalanceMinutes",
};

/**
 * The cron expression by which a job runs now: by its setting where it has one, else its own. What is recorded stays
 * as it is; slots after the newest recorded one follow the new expression.
 */
export function cronOf(db: Pick<LedgerDb, "select">, { name, cron }: Pick<Job, "name" | "cron">): string {
  if (name === "daily-maintenance") return `0 ${settingIn(db, "jobs.maintenanceHour")} * * *`;
  if (name === "weekly-maintenance") return `0 ${settingIn(db, "jobs.maintenanceHour") + 1} * * 0`;
  const key = keys[name];
  return key === undefined ? cron : cronOfMinutes(settingIn(db, key));
}

/** Every so many minutes, from the full hour or from midnight; for what divides an hour or a day. */
export function cronOfMinutes(minutes: number): string {
  if (minutes < hourMinutes) return `*/${minutes} * * * *`;
  const hours = minutes / hourMinutes;
  return hours === 24 ? "0 0 * * *" : `0 */${hours} * * *`;
}
