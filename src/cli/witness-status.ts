import { askAgent } from "./agent-call.ts";
import { witnessViewSchema } from "./agent-view.ts";
import type { WitnessView } from "../../ha/witness-view.ts";
import { CliError, exitCodes } from "./exit.ts";
import { agoText, say, sayJson, styled } from "./output.ts";

type ShownCluster = WitnessView["clusters"][number];

/** Says of each cluster of a witness what it has recorded and whom it hears; of one that does not run, from its files. */
export async function sayWitness(dataDir: string, json: boolean): Promise<void> {
  const request = { dataDir, method: "GET", route: "/status", limitMs: 2_000 } as const;
  const view = await askAgent(request, witnessViewSchema).catch(async (error: unknown) => {
    if (!(error instanceof CliError) || error.exitCode !== exitCodes.noAgent) throw error;
    process.exitCode = exitCodes.noAgent;
    return fromFiles(dataDir);
  });
  if (json) return sayJson(view);
  for (const line of view.clusters.flatMap(clusterLines)) say(line);
}

async function fromFiles(dataDir: string): Promise<WitnessView> {
  const { readWitnessFolders } = await import("../../ha/io/witness-folders.ts");
  const { readVotes } = await import("../../ha/io/vote-file.ts");
  const { idleView } = await import("../../ha/witness-view.ts");
  const clusters = readWitnessFolders(dataDir).map(async ({ cluster, dir, config, trouble }) => {
    const how = `it does not run: trader witness --data ${dataDir}`;
    const record = await readVotes(dir).catch(() => null);
    return idleView(cluster, config?.name ?? null, trouble ?? how, record);
  });
  return { kind: "witness", clusters: await Promise.all(clusters) };
}

/** One cluster of a witness, as lines. */
function clusterLines(view: ShownCluster): readonly string[] {
  const { cluster, name, votes, record, hears, rosterVersion, refused, trouble } = view;
  const state = votes ? styled("green", "votes") : styled("yellow", "does not vote");
  const strangers = refused["not-a-member"] ?? 0;
  return [
    `${styled("bold", cluster)}   as ${name ?? "nobody"}   ${state}   roster ${rosterVersion}`,
    ...(record === null ? ["  Recorded: nothing yet; a primary enrols it."] : [`  Recorded: ${recordText(record)}`]),
    ...hears.map(({ name: member, kind, lastHeardMs }) => `  ${member} (${kind}): ${heardText(lastHeardMs)}`),
    ...(strangers === 0 ? [] : [`  Refused: ${strangers} requests of those that are no members.`]),
    ...(trouble === null ? [] : [`  - ${styled("yellow", trouble)}`]),
  ];
}

function recordText({ epoch, holder, released, sync }: NonNullable<ShownCluster["record"]>): string {
  const who = holder === null ? "nobody has led" : `${released ? "given away by" : "led by"} ${holder}`;
  const set = sync.inSync.length === 0 ? "nobody" : sync.inSync.join(" and ");
  return `epoch ${epoch}, ${who}; everything confirmed is on ${set}${sync.paused ? "; maintenance is on" : ""}.`;
}

const heardText = (lastHeardMs: number | null): string =>
  lastHeardMs === null ? styled("yellow", "not heard within the last minute") : `heard ${agoText(lastHeardMs)}`;
