import { z } from "zod";
import { type CommandOutcome, done, refused } from "./command-outcome.ts";
import type { CommandDeps } from "./commands.ts";

/** The command that moves paper money. */
export const cashCommand = z.strictObject({
  name: z.literal("cash"),
  /** Of the owner's intention: however often it is asked for, it is booked once. */
  id: z.string().regex(/^[\w-]{1,64}$/, "1 to 64 of A-Z, a-z, 0-9, _ and -"),
  direction: z.enum(["deposit", "withdraw"]),
  amount: z.number().positive().max(1_000_000_000),
  currency: z.string().length(3).optional(),
});

/** Pays in or out at the paper broker; the money of any other is moved there, and booked when that one tells of it. */
export async function runCashCommand(
  { desk, paper, write, confirm }: CommandDeps,
  { id, direction, amount, currency }: z.output<typeof cashCommand>,
): Promise<CommandOutcome> {
  const { name } = desk.brokerNow();
  if (name !== paper.name) {
    return refused(`money is paid in and out at ${name} itself, and booked here as soon as ${name} tells of it`);
  }
  const isDeposit = direction === "deposit";
  const paid = write(() => paper.pay({ id, amount: isDeposit ? amount : -amount, currency }));
  if (paid.kind === "refused") return refused(paid.reason);
  const what = `${amount} ${paid.currency} of paper money are ${isDeposit ? "paid in" : "paid out"}`;
  return done(paid.kind === "known" ? `${what}, as they were before` : what, (await confirm()) === "confirmed");
}
