import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  NodeFileError,
  readNodeConfig,
  readRoster,
  readSecrets,
  readWitnessConfig,
  writeNodeConfig,
  writeRoster,
  writeSecrets,
} from "../../../ha/io/node-files.ts";
import type { NodeConfig, Roster } from "../../../ha/io/node-files.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "node-files-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const config: NodeConfig = {
  kind: "node",
  name: "node-a",
  cluster: "demo",
  preset: "default",
  host: "127.0.0.1",
  ports: { app: 8000, agent: 8008, link: 8009 },
};
const roster: Roster = {
  version: 2,
  arbiter: { kind: "witness", targets: [] },
  members: [
    { name: "node-a", id: "a".repeat(16), kind: "node", host: "::1", agentPort: 8008, linkPort: 8009, appPort: 8000 },
    { name: "witness", id: "b".repeat(16), kind: "witness", host: "fe80::1%eth0", agentPort: 8208 },
  ],
};
const secret = Buffer.alloc(32, 7).toString("base64");

test("what is written is read back, 0600, and no temporary file stays", () => {
  writeNodeConfig(dir, config);
  writeRoster(dir, roster);
  writeSecrets(dir, { clusterSecret: secret, brokerKeyId: "k" });
  expect(readNodeConfig(dir)).toEqual(config);
  expect(readRoster(dir)).toEqual(roster);
  expect(readSecrets(dir)).toEqual({ clusterSecret: secret, brokerKeyId: "k" });
  expect(readdirSync(dir).sort()).toEqual(["node.json", "roster.json", "secrets.json"]);
  for (const file of readdirSync(dir)) expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
});

test("an existing file that others could read is 0600 after the next write", () => {
  writeFileSync(join(dir, "secrets.json"), "{}", { mode: 0o644 });
  writeSecrets(dir, { clusterSecret: secret });
  expect(statSync(join(dir, "secrets.json")).mode & 0o777).toBe(0o600);
});

test("an absent file says how to get one", () => {
  expect(() => readNodeConfig(dir)).toThrow(NodeFileError);
  expect(() => readNodeConfig(dir)).toThrow(/node\.json: is not there\. .*trader init/);
  expect(() => readRoster(dir)).toThrow(/roster\.json: is not there\. .*another member/);
});

test("a wrong field is named, with the remedy", () => {
  writeFileSync(join(dir, "node.json"), JSON.stringify({ ...config, ports: { ...config.ports, link: 0 } }));
  expect(() => readNodeConfig(dir)).toThrow(/"ports\.link" is wrong .* Correct it/);
  writeFileSync(join(dir, "node.json"), '{"name":');
  expect(() => readNodeConfig(dir)).toThrow(/is not JSON/);
});

test("a witness's file is not taken for a node's, nor the reverse", () => {
  writeNodeConfig(dir, { ...config, kind: "witness", ports: { agent: 9 } });
  expect(readWitnessConfig(dir).ports).toEqual({ agent: 9 });
  expect(() => readNodeConfig(dir)).toThrow(/"kind" is wrong/);
  writeNodeConfig(dir, config);
  expect(() => readWitnessConfig(dir)).toThrow(/"kind" is wrong/);
});

test("a wrong value is refused before the file is touched", () => {
  writeRoster(dir, roster);
  const twins: Roster = { ...roster, version: 3, members: [roster.members[0]!, roster.members[0]!] };
  expect(() => writeRoster(dir, twins)).toThrow(/two members have the same name.*not written/);
  expect(readRoster(dir)).toEqual(roster);
  for (const name of ["", "Node", "-a", "a/b", "a".repeat(33)])
    expect(() => writeNodeConfig(dir, { ...config, name })).toThrow(/"name" is wrong/);
});

test("targets and their arbiter go together", () => {
  const { kind } = roster.arbiter;
  for (const arbiter of [
    { kind, targets: ["10.0.0.1"] },
    { kind: "reachability" as const, targets: [] },
    { kind: "reachability" as const, targets: ["10.0.0.1", "10.0.0.1"] },
  ])
    expect(() => writeRoster(dir, { ...roster, arbiter })).toThrow(/"arbiter" is wrong.*not written/);
});

test("an error about secrets.json carries no secret", () => {
  writeFileSync(join(dir, "secrets.json"), JSON.stringify({ clusterSecret: "c2hvcnQ=", brokerSecret: "hush" }));
  expect(() => readSecrets(dir)).toThrow(/^(?!.*(?:c2hvcnQ|hush)).*"clusterSecret" is wrong.*$/);
  expect(readFileSync(join(dir, "secrets.json"), "utf8")).toContain("hush");
});
