import type { Command } from "commander";
import type { z } from "zod";
import type { membersSchema } from "./agent-view.ts";
import { dataOption, withJson } from "./options.ts";
import { agoText, say, sayJson, styled } from "./output.ts";

type MembersOptions = { data: string; json?: true };
type Shown = z.infer<typeof membersSchema>;

/** Adds `trader members`: who belongs to the cluster, as the node that is asked knows it. */
export function addMembers(program: Command): void {
  const command = program
    .command("members")
    .description("who belongs to the cluster, where each one is heard, and who has the third vote")
    .addOption(dataOption());
  withJson(command).action(members);
}

async function members(options: MembersOptions): Promise<void> {
  const { askAgent } = await import("./agent-call.ts");
  const { membersSchema: schema } = await import("./agent-view.ts");
  const request = { dataDir: options.data, method: "GET", route: "/members", limitMs: 2_000 } as const;
  const shown = await askAgent(request, schema);
  if (options.json) return sayJson(shown);
  for (const member of shown.members) say(memberLine(member));
  say(`\nThird vote: ${[shown.arbiter.kind, ...shown.arbiter.targets].join(" ")}. Roster ${shown.version}.`);
}

function memberLine(member: Shown["members"][number]): string {
  const { name, kind, host, agentPort, self, presentHost, lastHeardMs, upToDate } = member;
  const where = presentHost === host ? `${host}:${agentPort}` : `${host}:${agentPort}, heard at ${presentHost}`;
  const heard = lastHeardMs === null ? styled("yellow", "not heard") : `heard ${agoText(lastHeardMs)}`;
  const knows = upToDate ? "" : `, ${styled("yellow", "has not said that it knows the present members")}`;
  return `${styled("bold", name)}   ${kind}   ${where}   ${self ? "this node" : `${heard}${knows}`}`;
}
