import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { makePrivateFolder, writeFileDurably } from "./durable-file.ts";
import { NodeFileError, writeNodeConfig, writeRoster, writeSecrets } from "./node-files.ts";
import type { Arbiter, NodeConfig, PresetName, Roster } from "./node-files.ts";
import { certificateId, createCa, createKey, createRequest, fingerprintOf, issueCertificate } from "./pki.ts";

/** What `trader init` decides about a new cluster and its first node. */
export type ClusterOrder = {
  dir: string;
  cluster: string;
  name: string;
  host: string;
  ports: NodeConfig["ports"];
  arbiter: Arbiter;
  preset: PresetName;
  brokerKeyId?: string | undefined;
  brokerSecret?: string | undefined;
  adminPasswordHash?: string | undefined;
};

/** Throws when a directory already belongs to a cluster: nothing that exists is ever overwritten. */
export function refuseUsedFolder(dir: string): void {
  if (existsSync(join(dir, "node.json"))) {
    throw new NodeFileError(`${dir}: already set up (node.json is there). Choose another directory.`);
  }
}

/**
 * Founds a cluster in `dir`: authority, own certificate, cluster secret, roster of one, and `node.json` last, so that
 * a half made directory can be made again. The vote record is the caller's to write.
 */
export async function createCluster(
  order: ClusterOrder,
): Promise<{ config: NodeConfig; roster: Roster; caFingerprint: string }> {
  const { dir, cluster, name, host, ports, arbiter, preset } = order;
  refuseUsedFolder(dir);
  makePrivateFolder(join(dir, "pki"));
  const ca = await createCa(cluster);
  const keyPem = await createKey();
  const certificatePem = await issueCertificate(ca, cluster, name, await createRequest(name, keyPem));
  writeFileDurably(join(dir, "pki", "ca.key"), ca.keyPem);
  writeFileDurably(join(dir, "pki", "ca.crt"), ca.certificatePem);
  writeFileDurably(join(dir, "pki", "node.key"), keyPem);
  writeFileDurably(join(dir, "pki", "node.crt"), certificatePem);
  writeSecrets(dir, {
    clusterSecret: randomBytes(32).toString("base64"),
    ...(order.brokerKeyId !== undefined && { brokerKeyId: order.brokerKeyId }),
    ...(order.brokerSecret !== undefined && { brokerSecret: order.brokerSecret }),
    ...(order.adminPasswordHash !== undefined && { adminPasswordHash: order.adminPasswordHash }),
  });
  const id = certificateId(certificatePem);
  const self = {
    name,
    id,
    kind: "node" as const,
    host,
    agentPort: ports.agent,
    linkPort: ports.link,
    appPort: ports.app,
  };
  const board = arbiter.kind === "standalone" ? { board: name } : {};
  const roster: Roster = { version: 1, arbiter: { ...arbiter, ...board }, members: [self] };
  writeRoster(dir, roster);
  const config: NodeConfig = { kind: "node", name, cluster, preset, host, ports };
  writeNodeConfig(dir, config);
  return { config, roster, caFingerprint: fingerprintOf(ca.certificatePem) };
}
