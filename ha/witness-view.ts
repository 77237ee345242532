import type { Name, VoterRecord } from "./core/messages.ts";

/** What a witness says of one of its clusters. */
export type ClusterView = {
  readonly cluster: Name;
  /** Its own name there; null where its folder cannot be read. */
  readonly name: Name | null;
  readonly votes: boolean;
  /** null: blank; a primary enrols it. */
  readonly record: VoterRecord | null;
  readonly hears: readonly { readonly name: Name; readonly kind: string; readonly lastHeardMs: number | null }[];
  readonly rosterVersion: number;
  readonly received: number;
  readonly sent: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Why it does not vote, or what is not as it should be; null: nothing. */
  readonly trouble: string | null;
};

/** What a witness process says of itself. */
export type WitnessView = { readonly kind: "witness"; readonly clusters: readonly ClusterView[] };

/** A cluster for which this witness does not vote now. */
export const idleView = (
  cluster: Name,
  name: Name | null,
  trouble: string,
  record: VoterRecord | null,
): ClusterView => ({
  cluster,
  name,
  votes: false,
  record,
  hears: [],
  rosterVersion: 0,
  received: 0,
  sent: 0,
  refused: {},
  trouble,
});
