import * as fc from "fast-check";
import { pino } from "pino";
import { expect, test } from "vitest";
import { fromApp, toApp } from "../../ha/contract.ts";
import type { FromApp, ToApp } from "../../ha/contract.ts";
import { AgentPort } from "../../ha/link/agent-port.ts";
import { fromLink, toLink } from "../../ha/link/protocol.ts";
import type { FromLink, ToLink } from "../../ha/link/protocol.ts";
import { AgentChannel } from "../../src/agent-channel.ts";
import { mangled, strangeJson } from "./fuzz-values.ts";

const member = {
  name: "uno-b",
  id: "0123456789abcdef",
  kind: "node" as const,
  host: "10.0.0.2",
  agentPort: 8008,
  linkPort: 8009,
  appPort: 8000,
};
const roster = { version: 2, arbiter: { kind: "reachability" as const, targets: ["10.0.0.1"] }, members: [member] };
const position = { epoch: 3, txid: 7 };

const saidToLink: ToLink[] = [
  { kind: "fence", epoch: 3, holder: "uno-b" },
  { kind: "send", epoch: 3, peer: { name: "uno-b", id: "0123456789abcdef", host: "10.0.0.2", port: 8009 } },
  { kind: "send-stop" },
  { kind: "roster", roster },
  { kind: "prune", keep: [1, 2, 3] },
  { kind: "join-answer", id: "1", initialRecord: { epoch: 0 }, roster },
];
const saidByLink: FromLink[] = [
  { kind: "ready", connectorPort: 1, receiverPort: 2 },
  { kind: "fenced", epoch: 3, holder: "uno-b", newest: position },
  { kind: "received", ...position },
  { kind: "peer", receiving: true, diskId: "d", ...position, gap: false, reason: "" },
  { kind: "join-request", id: "1", member, admit: true },
  { kind: "roster", roster },
];
const saidToApp: ToApp[] = [
  { kind: "promote", epoch: 3, ledger: "/l", validUntilNs: "1" },
  { kind: "lease", epoch: 3, validUntilNs: "1" },
  { kind: "drain" },
  { kind: "resume" },
  { kind: "confirmed", n: 1, outcome: "confirmed" },
];
const saidByApp: FromApp[] = [
  { kind: "ready", port: 8000 },
  { kind: "alive" },
  { kind: "opened", epoch: 3 },
  { kind: "drained" },
  { kind: "confirm-request", n: 1 },
  { kind: "cannot-run", reason: "r" },
];

type Listener = (raw: unknown) => void;

/** One end of a channel: what is said here is heard there. */
function wire() {
  const listeners: Listener[] = [];
  return {
    send: () => undefined,
    onGone: () => undefined,
    onMessage: (listener: Listener) => void listeners.push(listener),
    hear: (raw: unknown) => listeners.forEach((listener) => listener(raw)),
  };
}

/** A log that only counts. */
function countingLog() {
  const lines: string[] = [];
  return { lines, log: pino({ level: "debug" }, { write: (line: string) => void lines.push(line) }) };
}

test.each([
  ["agent to link", toLink, saidToLink],
  ["link to agent", fromLink, saidByLink],
  ["agent to app", toApp, saidToApp],
  ["app to agent", fromApp, saidByApp],
] as const)("a message from %s is taken or refused, and never throws", (_name, schema, valid) => {
  for (const message of valid) expect(schema.safeParse(message)).toMatchObject({ success: true });
  fc.assert(
    fc.property(fc.oneof(strangeJson, mangled(...valid), fc.anything()), (raw) => {
      const parsed = schema.safeParse(raw);
      if (parsed.success) expect(schema.parse(parsed.data)).toEqual(parsed.data);
    }),
    { numRuns: 1_500 },
  );
});

test("the link takes what is of its protocol from the agent, and says once of each other message that it is not", () => {
  const { lines, log } = countingLog();
  const taken: ToLink[] = [];
  const channel = wire();
  const port = new AgentPort(channel, (message) => taken.push(message), log);
  expect(port).toBeDefined();
  fc.assert(
    fc.property(fc.oneof(strangeJson, mangled(...saidToLink)), (raw) => {
      const before = taken.length + lines.length;
      channel.hear(raw);
      const isAnswer = toLink.safeParse(raw).data?.kind === "join-answer";
      expect(taken.length + lines.length - before).toBe(isAnswer ? 0 : 1);
    }),
    { numRuns: 500 },
  );
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(10_000);
});

test("the app takes what is of its contract from the agent, and says once of each other message that it is not", () => {
  const { lines, log } = countingLog();
  const taken: ToApp[] = [];
  const end = wire();
  const channel = new AgentChannel(end, log);
  channel.run({ onMessage: (message) => taken.push(message), onGone: () => undefined });
  try {
    fc.assert(
      fc.property(fc.oneof(strangeJson, mangled(...saidToApp)), (raw) => {
        const before = taken.length + lines.length;
        end.hear(raw);
        const isAnswer = toApp.safeParse(raw).data?.kind === "confirmed";
        expect(taken.length + lines.length - before).toBe(isAnswer ? 0 : 1);
      }),
      { numRuns: 500 },
    );
  } finally {
    channel.stop();
  }
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(10_000);
});
