import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { other } from "./net-pair.ts";
import type { NetPair, NodeName } from "./net-pair.ts";

/** Who hears nothing, in turn. */
export const silencesOf = (primary: NodeName) =>
  [
    { what: "the standby hears nothing", deaf: [other(primary)] },
    { what: "the primary hears nothing", deaf: [primary] },
    { what: "the witness hears nothing", deaf: ["witness"] },
    { what: "nobody hears anything", deaf: [primary, other(primary), "witness"] },
    { what: "the nodes hear nothing", deaf: [primary, other(primary)] },
  ] as const;

const eventSchema = z.looseObject({ kind: z.string(), inSync: z.array(z.string()).optional() });

/** How often a node's history says that the set shrank to one. */
export const shrinksOf = (pair: NetPair, name: NodeName): number =>
  readFileSync(join(pair.dataDir(name), "history.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => eventSchema.parse(JSON.parse(line)))
    .filter((event) => event.kind === "set-changed" && event.inSync?.length === 1).length;
