import type { z } from "zod";
import { readNodeConfig } from "../../ha/io/node-files.ts";
import { readIdentity } from "../../ha/link/identity.ts";
import type { Question } from "../../ha/link/protocol.ts";
import { askMember } from "../../ha/link/question.ts";
import { askAgent } from "./agent-call.ts";
import { receiverSchema } from "./agent-view.ts";

const limitMs = 3_000;

/** The other node, to be asked as one member asks another. */
export type Peer = {
  readonly name: string;
  /** Rejects with what it says when it refuses, or with why it could not be asked. */
  ask<T>(about: Question, schema: z.ZodType<T>): Promise<T>;
};

/** The node beside the one of this data directory, where its agent hears it; null: none has joined. */
export async function peerOf(dataDir: string): Promise<Peer | null> {
  const peer = await askAgent({ dataDir, method: "GET", route: "/receiver", limitMs }, receiverSchema);
  if (peer === null) return null;
  return {
    name: peer.name,
    ask: (about, schema) =>
      askMember(peer, readIdentity(dataDir, readNodeConfig(dataDir).name), about, schema, limitMs),
  };
}
