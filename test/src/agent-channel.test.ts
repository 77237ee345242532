import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import type { FromApp } from "../../ha/contract.ts";
import { AgentChannel, type AgentWire } from "../../src/agent-channel.ts";

const silent = pino({ level: "silent" });
const open: AgentChannel[] = [];
afterEach(() => {
  for (const channel of open.splice(0)) channel.stop();
});

function connect() {
  const sent: FromApp[] = [];
  const heard: string[] = [];
  let say: ((message: unknown) => void) | undefined;
  let hangUp: (() => void) | undefined;
  const wire: AgentWire = {
    send: (message) => void sent.push(message),
    onMessage: (listen) => (say = listen),
    onGone: (listen) => (hangUp = listen),
  };
  const channel = new AgentChannel(wire, silent);
  channel.run({ onMessage: (message) => heard.push(message.kind), onGone: () => heard.push("gone") });
  open.push(channel);
  return { channel, sent, heard, say: (message: unknown) => say?.(message), hangUp: () => hangUp?.() };
}
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("commits of one turn share one confirm-request", async () => {
  const { channel, sent, say } = connect();
  const answers = Promise.all([channel.confirm(), channel.confirm(), channel.confirm()]);
  await turn();
  expect(sent).toEqual([{ kind: "confirm-request", n: 1 }]);
  say({ kind: "confirmed", n: 1, outcome: "confirmed" });
  expect(await answers).toEqual(["confirmed", "confirmed", "confirmed"]);
});

test("a commit after a request never rides on that request's answer", async () => {
  const { channel, sent, say } = connect();
  const first = channel.confirm();
  await turn();
  const second = channel.confirm();
  await turn();
  say({ kind: "confirmed", n: 1, outcome: "confirmed" });
  expect(await first).toBe("confirmed");
  say({ kind: "confirmed", n: 2, outcome: "unknown" });
  expect(await second).toBe("unknown");
  expect(sent.map((message) => message.kind)).toEqual(["confirm-request", "confirm-request"]);
});

test("with four requests under way the callers share the fifth, sent at the next answer", async () => {
  const { channel, sent, say } = connect();
  for (let i = 0; i < 4; i++) {
    void channel.confirm();
    await turn();
  }
  const late = [channel.confirm(), channel.confirm()];
  await turn();
  expect(sent).toHaveLength(4);
  say({ kind: "confirmed", n: 3, outcome: "confirmed" });
  expect(sent).toHaveLength(5);
  say({ kind: "confirmed", n: 5, outcome: "confirmed" });
  expect(await Promise.all(late)).toEqual(["confirmed", "confirmed"]);
});

test("what is not in the contract is dropped; the agent's end is told", () => {
  const { heard, say, hangUp } = connect();
  say({ kind: "lease", epoch: 3, validUntilNs: "not a number" });
  say({ kind: "invented" });
  say("text");
  say({ kind: "drain" });
  hangUp();
  expect(heard).toEqual(["drain", "gone"]);
});
