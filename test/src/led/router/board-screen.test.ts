import { encode } from "@msgpack/msgpack";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pino } from "pino";
import type { BoardPicture } from "../../../../src/led/board-picture.ts";
import { boardMethods, cutToBytes, showParams, textBytesMax } from "../../../../src/led/router/board-message.ts";
import { BoardScreen, type ScreenTimes } from "../../../../src/led/router/board-screen.ts";
import { encodeRequest, messageBytesMax } from "../../../../src/led/router/wire.ts";
import { FakeBoard } from "./fake-board.ts";
import { StandInRouter } from "./stand-in-router.ts";

const times: ScreenTimes = {
  callMs: 200,
  connectMs: 1_000,
  backoffMs: [20, 40, 80],
  gapMs: 100,
  beatMs: 60_000,
  freshMs: 60_000,
};
const picture = (text: string): BoardPicture => ({
  text,
  speedMs: 50,
  level: 3,
  look: "plain",
  led3: [0, 255, 0],
  led4: [255, 165, 0],
});

let router: StandInRouter;
const ends: (() => void)[] = [];
beforeEach(async () => {
  router = new StandInRouter();
  await router.start();
});
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await router.remove();
});

function screen(given: Partial<ScreenTimes> = {}): { screen: BoardScreen; lines: string[]; done: Promise<void> } {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const made = new BoardScreen({ socketPath: router.socketPath, session: 77, log, times: { ...times, ...given } });
  ends.push(() => made.stop());
  return { screen: made, lines, done: made.run() };
}
async function board(): Promise<FakeBoard> {
  const made = await FakeBoard.connect(router.socketPath, [boardMethods.show]);
  ends.push(() => made.stop());
  return made;
}
const textsOf = (sketch: FakeBoard): unknown[] => sketch.shown.map(({ params }) => params[2]);
const lastText = (sketch: FakeBoard): unknown => textsOf(sketch).at(-1);

test("one message is one whole picture: text, speed, level, look and both LEDs", async () => {
  const sketch = await board();
  screen().screen.show({ ...picture("HI · 83%"), look: "takeover" });
  const [shown] = await sketch.came(1);
  expect(shown?.params).toEqual([77, 1, "HI · 83%", 50, 3, 3, 0x00ff00, 0xffa500]);
});

test("[board 1.3] a thousand updates in a second reach the wire as a handful, and the newest is the last", async () => {
  const sketch = await board();
  const { screen: shown } = screen({ gapMs: 250 });
  await expect.poll(() => router.provides(boardMethods.redraw)).toBe(true);
  const startedMs = performance.now();
  for (let n = 1; n <= 1_000; n++) {
    shown.show(picture(`N ${n}`));
    if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 9));
  }
  await expect.poll(() => lastText(sketch), { timeout: 5_000 }).toBe("N 1000");
  expect(sketch.shown.length).toBeLessThanOrEqual(2 + (performance.now() - startedMs) / 250);
  const seqs = sketch.shown.map(({ params }) => Number(params[1]));
  expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  expect(sketch.shown.every(({ bytes }) => bytes < messageBytesMax)).toBe(true);
});

test("a killed router that comes back is shown the newest picture by itself", async () => {
  const first = await board();
  const { screen: shown } = screen();
  shown.show(picture("BEFORE"));
  await first.came(1);
  await router.stop();
  shown.show(picture("AFTER"));
  await router.start();
  const second = await board();
  await expect.poll(() => lastText(second), { timeout: 5_000 }).toBe("AFTER");
});

test("a sketch that starts asks for the picture and gets it at once", async () => {
  const { screen: shown, lines } = screen({ backoffMs: [20, 60_000] });
  shown.show(picture("NOW"));
  await expect.poll(() => lines.some((line) => line.includes("sketch is not there")), { timeout: 5_000 }).toBe(true);
  const sketch = await board();
  await expect.poll(() => router.provides(boardMethods.redraw)).toBe(true);
  // Not before its first, refused attempts are over: they end in a pause of a minute.
  await expect
    .poll(() => {
      sketch.notify(boardMethods.redraw);
      return lastText(sketch);
    })
    .toBe("NOW");
});

test("a provider that dies mid-call costs one time limit; the next one is shown the newest picture", async () => {
  const dying = await board();
  dying.behaviour = "die";
  const { screen: shown } = screen();
  shown.show(picture("ONE"));
  await dying.came(1);
  shown.show(picture("TWO"));
  const next = await board();
  await expect.poll(() => lastText(next), { timeout: 5_000 }).toBe("TWO");
});

test("a picture that the sketch could not take is offered again", async () => {
  const sketch = await board();
  sketch.behaviour = "fail";
  const { screen: shown } = screen({ gapMs: 5 });
  shown.show(picture("AGAIN"));
  await sketch.came(2);
  sketch.behaviour = "answer";
  const failed = sketch.shown.length;
  await sketch.came(failed + 1);
  expect(lastText(sketch)).toBe("AGAIN");
});

test("[board 1.3] a sketch that never answers is not flooded, whatever changes", async () => {
  const sketch = await board();
  sketch.behaviour = "ignore";
  const { screen: shown } = screen({ callMs: 50, gapMs: 20, backoffMs: [1_000, 60_000] });
  for (let n = 0; n < 50; n++) {
    shown.show(picture(`N ${n}`));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(sketch.shown.length).toBe(1);
});

test("sketches that ask without end, for a picture that nobody takes, are no flood on the wire", async () => {
  const { screen: shown } = screen({ gapMs: 50 });
  shown.show(picture("A"));
  await expect.poll(() => router.provides(boardMethods.redraw)).toBe(true);
  const asking = await FakeBoard.connect(router.socketPath, []);
  ends.push(() => asking.stop());
  const before = router.asked.get(boardMethods.show) ?? 0;
  const startedMs = performance.now();
  for (let n = 0; n < 3_000; n++) {
    asking.notify(boardMethods.redraw);
    if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await asking.request("$/version", []);
  const sent = (router.asked.get(boardMethods.show) ?? 0) - before;
  expect(sent).toBeLessThanOrEqual(2 + (performance.now() - startedMs) / 50);
});

test("a picture that is no longer known to be true is not sent at any beat, until the next one", async () => {
  const sketch = await board();
  const { screen: shown } = screen({ beatMs: 10, gapMs: 1 });
  shown.show(picture("OLD"));
  await sketch.came(2);
  shown.forget();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const count = sketch.shown.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(sketch.shown.length).toBe(count);
  shown.show(picture("OLD"));
  await sketch.came(count + 1);
});

test("a picture that is still true is sent again at each beat; one that nobody confirms is not", async () => {
  const sketch = await board();
  const { screen: shown } = screen({ beatMs: 20, gapMs: 1, freshMs: 400 });
  shown.show(picture("BEAT"));
  await sketch.came(4);
  await expect
    .poll(
      async () => {
        const before = sketch.shown.length;
        await new Promise((resolve) => setTimeout(resolve, 150));
        return sketch.shown.length - before;
      },
      { timeout: 5_000 },
    )
    .toBe(0);
  shown.show(picture("BEAT"));
  const count = sketch.shown.length;
  await sketch.came(count + 1);
});

test("the same picture is no change", async () => {
  const sketch = await board();
  const { screen: shown } = screen({ gapMs: 1 });
  shown.show(picture("A"));
  await sketch.came(1);
  shown.show(picture("A"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  shown.show(picture("B"));
  await sketch.came(2);
  expect(textsOf(sketch)).toEqual(["A", "B"]);
});

test("[board 1.4] the longest message stays below what the microcontroller can take, and text is cut between characters", () => {
  const text = "€".repeat(100);
  const params = showParams(2 ** 31 - 1, 2 ** 31 - 1, { ...picture(text), led3: [255, 255, 255], speedMs: 65_535 });
  expect(encodeRequest(2 ** 32 - 1, boardMethods.show, params).length).toBeLessThan(messageBytesMax);
  expect(cutToBytes(text, textBytesMax)).toBe("€".repeat(40));
  expect(cutToBytes("AB€", 4)).toBe("AB");
  expect(cutToBytes("AB€", 5)).toBe("AB€");
});

test("a stopped screen ends", async () => {
  const { screen: shown, done } = screen();
  shown.stop();
  await done;
});

const whole = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const part = fc.integer({ min: 0, max: 255 });
const lamp = fc.tuple(part, part, part);
const anyPicture = fc.record({
  text: fc.string({ unit: "grapheme", maxLength: 300 }),
  speedMs: fc.maxSafeNat(),
  level: fc.integer({ min: 0, max: 7 }),
  look: fc.constantFrom("plain", "warn", "error", "takeover"),
  led3: lamp,
  led4: lamp,
});

test("no picture whatever makes a message of more than 200 bytes, with the longest id that a router may give it", () => {
  fc.assert(
    fc.property(anyPicture, whole, whole, (any, session, seq) => {
      const params = showParams(session, seq, any);
      const onTheWire = encode([0, 2 ** 53 - 1, boardMethods.show, params]);
      expect(onTheWire.length).toBeLessThanOrEqual(200);
      expect(encodeRequest(1, boardMethods.show, params).length).toBeLessThanOrEqual(200);
    }),
  );
});
