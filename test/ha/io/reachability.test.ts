import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test, vi } from "vitest";
import { Reachability, tcpWay } from "../../../ha/io/reachability.ts";
import type { ReachabilityOptions, Way } from "../../../ha/io/reachability.ts";
import { portOf } from "./port-fixture.ts";

const limitMs = 2_000;

test("a port that takes a connection and one that refuses it both prove that the target is there", async () => {
  const server = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  expect(await tcpWay(port)("127.0.0.1", limitMs)).toBe(true);
  server.close();
  await once(server, "close");
  expect(await tcpWay(port)("127.0.0.1", limitMs)).toBe(true);
});

test("an address that no route leads to does not answer", async () => {
  expect(await tcpWay(53)("255.255.255.255", limitMs)).toBe(false);
});

/** Rounds by hand: time stands until it is moved, and each target answers as it is told. */
function rounds(answers: Way, more: Partial<ReachabilityOptions> = {}) {
  const seen: [number, boolean][] = [];
  let nowMs = 1_000;
  const probes = new Reachability({
    targets: ["gateway", "far"],
    nowMs: () => nowMs,
    everyMs: () => 500,
    limitMs,
    onReach: (sentMs, all) => seen.push([sentMs, all]),
    ways: [answers],
    ...more,
  });
  const advance = async (byMs: number): Promise<void> => {
    nowMs += byMs;
    await vi.advanceTimersByTimeAsync(25);
  };
  return { probes, seen, advance };
}

test("a round counts from when it was sent: for one target at its first answer, for all at its last", async () => {
  vi.useFakeTimers();
  try {
    const far = Promise.withResolvers<boolean>();
    const { probes, seen, advance } = rounds((target) => (target === "far" ? far.promise : Promise.resolve(true)));
    probes.run();
    await advance(0);
    expect(seen).toEqual([[1_000, false]]);
    await advance(300);
    far.resolve(true);
    await advance(0);
    expect(seen).toEqual([
      [1_000, false],
      [1_000, true],
    ]);
    probes.stop();
  } finally {
    vi.useRealTimers();
  }
});

test("a target that is silent is named, asked in every way, and bounds what waits", async () => {
  vi.useFakeTimers();
  try {
    const asked: string[] = [];
    const never: Way = (target) => {
      asked.push(target);
      return new Promise(() => undefined);
    };
    const { probes, seen, advance } = rounds((target) => Promise.resolve(target === "gateway"), {
      targets: ["gateway", "far"],
    });
    probes.run();
    await advance(0);
    expect(probes.silent).toEqual(["far"]);
    expect(seen).toEqual([[1_000, false]]);
    probes.stop();
    await advance(5_000);
    expect(seen).toHaveLength(1);

    const hung = rounds(never);
    hung.probes.run();
    for (let i = 0; i < 50; i++) await hung.advance(500);
    // A way that still waits is not started again.
    expect(asked).toEqual(["gateway", "far"]);
    hung.probes.stop();
  } finally {
    vi.useRealTimers();
  }
});

test("the way that answered is asked alone, until it does not", async () => {
  vi.useFakeTimers();
  try {
    const asked: string[] = [];
    let open = true;
    const way =
      (name: string, answers: () => boolean): Way =>
      () => {
        asked.push(name);
        return Promise.resolve(answers());
      };
    const ways = [way("dns", () => false), way("http", () => open), way("ping", () => !open)];
    const { probes, seen, advance } = rounds(ways[0] ?? way("none", () => false), { targets: ["gateway"], ways });
    probes.run();
    await advance(0);
    await advance(500);
    expect(asked).toEqual(["dns", "http", "ping", "http"]);
    open = false;
    await advance(500);
    await advance(500);
    expect(asked.slice(4)).toEqual(["http", "dns", "http", "ping"]);
    expect(seen.map(([sentMs]) => sentMs)).toEqual([1_000, 1_500, 2_500]);
    probes.stop();
  } finally {
    vi.useRealTimers();
  }
});
