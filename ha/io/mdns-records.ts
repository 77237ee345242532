import { createHash } from "node:crypto";

/** What a node says of itself over mDNS: for people, displays and finding each other; never the truth of the lease. */
export type Advert = {
  readonly cluster: string;
  readonly node: string;
  readonly role: string;
  readonly epoch: number;
  /** Version of the HTTP answers and of the program. */
  readonly api: string;
  readonly ver: string;
  /** Port of the page; null on a witness. */
  readonly app: number | null;
};

/** Whose name it is: `clusterId` tells clusters of the same name apart. */
export type LabelParts = { readonly node: string; readonly cluster: string; readonly clusterId: string };

/** `_arduino-trader._tcp`, as bonjour-service wants it. */
export const SERVICE_TYPE = "arduino-trader";

/** A DNS label has 63 bytes; dns-packet sends a longer one as garbage. */
const LABEL_MAX = 63;

/**
 * The instance's name, which is its host name too: of our own, because a goodbye for the system's name would take
 * the address of the machine itself away from its neighbours; and with the cluster's id, because bonjour-service has
 * no answer to a name that is taken: nobody else has this one.
 */
export function mdnsLabel({ node, cluster, clusterId }: LabelParts): string {
  const label = `trader-${node}-${cluster}-${clusterId}`;
  if (label.length <= LABEL_MAX) return label;
  const digest = createHash("sha256").update(label).digest("hex").slice(0, 8);
  return `${label.slice(0, LABEL_MAX - 9)}-${digest}`;
}

/** The name that only the primary of a cluster answers to. */
export const aliasOf = (cluster: string): string => `trader-${cluster}.local`;

/** The TXT record's fields, in their order. */
export const txtOf = ({ cluster, node, role, epoch, api, ver, app }: Advert): Record<string, string> => ({
  cluster,
  node,
  role,
  epoch: String(epoch),
  api,
  ver,
  ...(app === null ? {} : { app: String(app) }),
});

/** A TXT record's data as bonjour-service encodes it. */
export const encodeTxt = (txt: Record<string, string>): Buffer[] =>
  Object.entries(txt).map(([key, value]) => Buffer.from(`${key}=${value}`));
