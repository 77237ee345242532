import { expect, test } from "vitest";
import { demoClock } from "../../../src/demo/clock.ts";
import { planDemo } from "../../../src/demo/plan.ts";

const setting = {
  basePort: 9000,
  dataDir: "/d",
  preset: "fast",
  acceptDuplicates: false,
  clock: demoClock(7, 1_000_000),
  lifelinePid: 4242,
  node: ["/own/node"],
  root: "/repo",
} as const;

test("ports follow from the base port as documented", () => {
  const { nodes, witness, exchange, ports } = planDemo(setting);
  expect(nodes.map(({ appPort, agentPort, linkPort }) => [appPort, agentPort, linkPort])).toEqual([
    [9000, 9008, 9009],
    [9100, 9108, 9109],
  ]);
  expect([exchange.port, witness.port]).toEqual([9200, 9208]);
  expect(ports.map(({ port }) => port)).toEqual([9000, 9008, 9009, 9100, 9108, 9109, 9200, 9208]);
  expect(ports.filter(({ udp }) => udp).map(({ port }) => port)).toEqual([9008, 9108, 9208]);
});

test("a start command is complete: own Node, absolute paths, clock, exchange and lifeline", () => {
  const { nodes, witness, exchange } = planDemo(setting);
  const clock = [
    "--clock-origin-real",
    "1000000",
    "--clock-origin-app",
    String(setting.clock.originAppMs),
    "--clock-scale",
    "225",
  ];
  const trader = ["/own/node", "/repo/src/cli/main.ts"];
  const lifeline = ["--lifeline", "4242"];
  const run = [...trader, "run", "--data", "/d/node-b", "--exchange-url", "http://127.0.0.1:9200"];
  expect(nodes[1].start).toEqual([...run, ...clock, ...lifeline]);
  expect(witness.start).toEqual([...trader, "witness", "--data", "/d/witness", ...lifeline]);
  expect(exchange.start).not.toContain("--accept-duplicates");
});

test("--accept-duplicates reaches the exchange alone, the preset the founder alone", () => {
  const plan = planDemo({ ...setting, acceptDuplicates: true, preset: "wifi" });
  expect(plan.exchange.start).toContain("--accept-duplicates");
  expect(plan.nodes.flatMap(({ start }) => start)).not.toContain("--accept-duplicates");
  expect(plan.init.slice(plan.init.indexOf("--preset"))[1]).toBe("wifi");
  expect(plan.joinNode("T")).not.toContain("--preset");
});

test("no broker secret is in a start command", () => {
  const { nodes, init } = planDemo(setting);
  expect(init).toContain("demo-secret");
  expect(nodes.flatMap(({ start }) => start)).not.toContain("demo-secret");
});

test("the seed alone chooses the day, a working day", () => {
  expect(demoClock(7, 5).originAppMs).toBe(demoClock(7, 900).originAppMs);
  const days = Array.from({ length: 200 }, (_, seed) => new Date(demoClock(seed, 0).originAppMs));
  expect(days.filter((day) => day.getUTCDay() === 0 || day.getUTCDay() === 6)).toEqual([]);
  expect(new Set(days.map((day) => day.toISOString().slice(0, 10))).size).toBeGreaterThan(80);
});

test("a slot of fifteen minutes takes four real seconds", () => {
  expect((15 * 60) / demoClock(1, 0).scale).toBe(4);
});
