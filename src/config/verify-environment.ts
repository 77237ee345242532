import { z } from "zod";

const hourMs = 3_600_000;

/** How often a standby verifies its copy by itself. */
export const verifyEnvironment = z.object({
  TRADER_VERIFY_HOURS: z
    .string()
    .regex(/^(off|[1-9]\d{0,2})$/)
    .optional(),
});

/** Between two verifications; null: none by itself. Throws where the variable is no such value. */
export function verifyEveryMs(env: Readonly<Record<string, string | undefined>>): number | null {
  const { TRADER_VERIFY_HOURS: hours = "24" } = verifyEnvironment.parse(env);
  return hours === "off" ? null : Number(hours) * hourMs;
}
