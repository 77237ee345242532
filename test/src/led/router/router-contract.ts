import { afterEach, expect, test } from "vitest";
import { pino } from "pino";
import { RouterClient } from "../../../../src/led/router/router-client.ts";
import { FakeBoard } from "./fake-board.ts";

const log = pino({ level: "silent" });
const times = { callMs: 400, connectMs: 1_000, backoffMs: [20, 40, 80] };

/**
 * What the client needs of a router, for any router that listens on the socket: the stand-in in every run, the real
 * one where TRADER_TEST_ROUTER names its socket.
 */
export function routerContract(name: string, socketPath: () => Promise<string>): void {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  async function client(provides: Record<string, () => void> = {}): Promise<RouterClient> {
    const path = await socketPath();
    const { promise, resolve } = Promise.withResolvers<void>();
    const made = new RouterClient({ socketPath: path, provides, onConnected: resolve, log, times });
    ends.push(() => made.stop());
    void made.run();
    await promise;
    return made;
  }
  async function board(...methods: string[]): Promise<FakeBoard> {
    const made = await FakeBoard.connect(await socketPath(), methods);
    ends.push(() => made.stop());
    return made;
  }

  test(`${name}: a call reaches the provider and its answer comes back`, async () => {
    const provider = await board("t.show");
    const caller = await client();
    expect(await caller.call("t.show", [1, "text · 83%"])).toEqual({ kind: "answered", result: true });
    expect(provider.shown.map(({ params }) => params)).toEqual([[1, "text · 83%"]]);
  });

  test(`${name}: it says its version`, async () => {
    const outcome = await (await client()).call("$/version", []);
    expect(outcome).toMatchObject({ kind: "answered", result: expect.any(String) });
  });

  test(`[board 1.5] ${name}: a method that nobody provides is refused with code 2`, async () => {
    expect(await (await client()).call("t.nobody", [])).toMatchObject({ kind: "refused", code: 2 });
  });

  test(`[board 1.5] ${name}: a name that another connection holds is refused with code 5`, async () => {
    await board("t.taken");
    expect(await (await client()).call("$/register", ["t.taken"])).toMatchObject({ kind: "refused", code: 5 });
  });

  test(`[board 1.2] ${name}: when the provider dies mid-call there is no answer, and the next calls are refused`, async () => {
    const provider = await board("t.dies");
    provider.behaviour = "die";
    const caller = await client();
    expect(await caller.call("t.dies", [])).toEqual({ kind: "silent" });
    await provider.closed();
    await expect.poll(() => caller.call("t.dies", []), { timeout: 5_000 }).toMatchObject({ kind: "refused", code: 2 });
  });

  test(`${name}: a provider's own error comes back`, async () => {
    const provider = await board("t.fails");
    provider.behaviour = "fail";
    expect(await (await client()).call("t.fails", [])).toMatchObject({ kind: "refused", code: 255 });
  });

  test(`[board 1.1] ${name}: calls made at once arrive one after another, in order`, async () => {
    const provider = await board("t.order");
    const caller = await client();
    const numbers = Array.from({ length: 60 }, (_, i) => i);
    await Promise.all(numbers.map((i) => caller.call("t.order", [i])));
    expect(provider.shown.map(({ params }) => params[0])).toEqual(numbers);
  });

  test(`${name}: what the client provides is called, by request and by notification`, async () => {
    let calls = 0;
    await client({ "t.redraw": () => calls++ });
    const sketch = await board();
    await expect.poll(async () => (await sketch.request("t.redraw", []))[2], { timeout: 5_000 }).toBeNull();
    const answered = calls;
    sketch.notify("t.redraw");
    await expect.poll(() => calls).toBe(answered + 1);
  });

  test(`[board 1.7] ${name}: 0xC1 ends the sender's connection, and nobody else's`, async () => {
    const broken = await board();
    const caller = await client();
    broken.raw(Uint8Array.of(0xc1));
    await broken.closed();
    expect(await caller.call("$/version", [])).toMatchObject({ kind: "answered" });
  });
}
