import { expect, test } from "vitest";
import { boardPicture } from "../../../src/led/board-picture.ts";
import { type LedDisplay, ledDisplay } from "../../../src/led/display.ts";
import { frameAt } from "../../../src/led/frame.ts";
import { lightAt } from "../../../src/led/light.ts";
import { renderFrame } from "../../../src/led/terminal.ts";
import { webRoutes } from "../../../src/web/routes.ts";
import { fakeDesk, local } from "../web/desk-fixture.ts";
import { tradingDay, type Moment } from "./trading-day.ts";

const settings = { brightness: 255, quiet: { fromHour: 22, toHour: 7 } };
/** One in each half of a blink, with text on the matrix. */
const ticks = [16, 24];
const gap = "   ";
const width = 28;

function pictures(moment: Moment): readonly string[] {
  const light = lightAt(settings, Number(moment.at.slice(0, 2)));
  const heads = moment.boards.map(
    ({ node, display }) => `${node}: ${display ? summary(display, light.bright) : "no power"}`,
  );
  const columns = moment.boards.flatMap(({ display }) =>
    ticks.map((tick) =>
      display ? renderFrame(frameAt(display, tick, light), false) : Array.from({ length: 11 }, () => ""),
    ),
  );
  const rows = Array.from({ length: 11 }, (_, y) =>
    columns
      .map((column) => (column[y] ?? "").padEnd(width))
      .join(gap)
      .trimEnd(),
  );
  return [`== ${moment.at}  ${moment.words}`, ...heads, ...rows, ""];
}

function summary(display: LedDisplay, bright: number): string {
  const { look, text } = boardPicture(display, { normal: 3, bright, lamps: true });
  return `${display.mode}, ${look}, "${text}"`;
}

test("a trading day with a failover in it, on both boards", async () => {
  const recording = tradingDay().flatMap(pictures).join("\n");
  await expect(recording).toMatchFileSnapshot("golden/trading-day.txt");
});

test("what the endpoint answers in each moment of that day, on either node", async () => {
  const lines: string[] = [];
  for (const { at, words, boards } of tradingDay()) {
    for (const { node, display } of boards) {
      if (display === null) continue;
      const desk = { ...fakeDesk({ open: !display.ticker_text.startsWith("STANDBY") }), led: () => display };
      const answer = await webRoutes(desk).request("/api/status/led/display", {}, local);
      expect(answer.status).toBe(200);
      const body = await answer.text();
      expect(ledDisplay.parse(JSON.parse(body))).toEqual(display);
      lines.push(`${at} ${node} (${words})`, body);
    }
  }
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/display-endpoint.txt");
});

test("the endpoint has the fields that displays have always read", async () => {
  const answer = await webRoutes(fakeDesk()).request("/api/status/led/display", {}, local);
  expect(Object.keys(JSON.parse(await answer.text()))).toEqual([
    "mode",
    "error_message",
    "trade_is_buy",
    "led3",
    "led4",
    "ticker_text",
    "activity_message",
    "ticker_speed",
    "drawn_by",
  ]);
});

test("a takeover is shown for a minute, and by nobody who begins without a predecessor", () => {
  const day = tradingDay();
  const flagged = day.filter(({ boards }) => boards.some(({ display }) => display?.takeover === true));
  expect(flagged.map(({ at }) => at)).toEqual(["13:00:04", "13:00:31"]);
});
