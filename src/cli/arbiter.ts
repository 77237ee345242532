import { type Command, Option } from "commander";
import type { ArbiterKind } from "../../ha/core/messages.ts";
import { CliError } from "./exit.ts";
import { arbiterFrom, targetOption } from "./init.ts";
import { dataOption, withJson } from "./options.ts";

type ArbiterOptions = {
  data: string;
  target: readonly string[];
  dryRun?: true;
  yes?: true;
  othersAreOff?: true;
  json?: true;
};

const kinds = ["witness", "reachability", "manual", "standalone"] as const satisfies readonly ArbiterKind[];

/** What each kind protects from, for the question before the change. */
const meaning: Readonly<Record<ArbiterKind, string>> = {
  witness: "The witness has the third vote: failover is automatic, two primaries never.",
  reachability: "Failover is automatic; a cut between the two boards only can make two primaries.",
  manual: "No automatic failover: only trader failover moves the lead.",
  standalone: "This board alone leads: when it dies, nothing carries on by itself.",
};

/** Adds `trader arbiter KIND`: who has the third vote of a running cluster. */
export function addArbiter(program: Command): void {
  const command = program
    .command("arbiter")
    .description("change who has the third vote, on the node that leads; nothing is restarted")
    .argument("<kind>", kinds.join(", "))
    .addOption(dataOption())
    .addOption(targetOption())
    .addOption(
      new Option(
        "--others-are-off",
        "standalone on a node that does not lead: all others are off for good, not cut off",
      ),
    )
    .option("--dry-run", "show the checks, change nothing")
    .option("--yes", "do not ask");
  withJson(command).action(arbiter);
}

async function arbiter(given: string, options: ArbiterOptions): Promise<void> {
  const kind = kinds.find((known) => known === given);
  if (kind === undefined) throw new CliError(`"${given}" is not an arbiter. Give one of ${kinds.join(", ")}.`);
  const { changeMembers } = await import("./change-members.ts");
  const alone = options.othersAreOff === true;
  await changeMembers({
    ...options,
    route: "/arbiter",
    body: { arbiter: arbiterFrom(kind, options.target), alone },
    question: `${meaning[kind]}${alone ? " If another board still runs, two will lead." : ""} Go on?`,
    word: alone ? "own-name" : null,
  });
}
