import { expect, test } from "vitest";
import { boardPicture } from "../../../src/led/board-picture.ts";
import { colours, type LedDisplay } from "../../../src/led/display.ts";
import { ledSettings } from "../../../src/led/led-settings.ts";
import { lightAt } from "../../../src/led/light.ts";

const display: LedDisplay = {
  mode: "normal",
  error_message: "BROKER CONNECTION FAILED",
  trade_is_buy: false,
  led3: colours.green,
  led4: colours.sell,
  ticker_text: "HI",
  activity_message: "",
  ticker_speed: 50,
  drawn_by: { node: "uno-a", epoch: 1 },
};
const quiet = { brightness: 150, quiet: { fromHour: 22, toHour: 7 } };

test("quiet hours run over midnight and end at their hour", () => {
  const dark = [21, 22, 23, 0, 6, 7, 12].map((hour) => lightAt(quiet, hour).normal === 0);
  expect(dark).toEqual([false, true, true, true, true, false, false]);
  expect(lightAt({ ...quiet, quiet: { fromHour: 1, toHour: 5 } }, 5).lamps).toBe(true);
  expect(lightAt({ ...quiet, quiet: null }, 3).lamps).toBe(true);
});

test("in quiet hours only an error or a takeover is seen, dimly", () => {
  const night = lightAt(quiet, 23);
  expect(boardPicture(display, night)).toMatchObject({ level: 0, led3: colours.off, led4: colours.off });
  const error = { ...display, mode: "error" as const, led3: colours.red };
  expect(boardPicture(error, night)).toMatchObject({ level: 1, led3: colours.red, look: "error" });
  expect(boardPicture({ ...display, mode: "activity", takeover: true }, night)).toMatchObject({
    level: 1,
    led3: colours.green,
    look: "takeover",
  });
});

const at = (brightness: number) => lightAt({ brightness, quiet: null }, 12);

test("brightness of 0..255 becomes 1..7, and what matters is brighter than the ticker", () => {
  expect([at(1), at(150), at(255)]).toEqual([
    { normal: 1, bright: 2, lamps: true },
    { normal: 3, bright: 5, lamps: true },
    { normal: 5, bright: 7, lamps: true },
  ]);
  expect(at(0)).toEqual({ normal: 0, bright: 1, lamps: false });
});

test("settings come from the environment; a wrong one is named and switches the LEDs off", () => {
  const errors: unknown[] = [];
  const read = (env: Record<string, string>) =>
    ledSettings(env, { error: (facts: unknown) => void errors.push(facts) });
  expect(read({})).toEqual({
    enabled: true,
    routerSocket: "/var/run/arduino-router.sock",
    sysfsRoot: "/sys/class/leds",
    light: { brightness: 150, quiet: null },
  });
  expect(read({ TRADER_LED_QUIET: "22-7", TRADER_LEDS: "off" })).toMatchObject({
    enabled: false,
    light: { quiet: { fromHour: 22, toHour: 7 } },
  });
  expect(errors).toEqual([]);
  expect(read({ TRADER_LED_QUIET: "22-24" }).enabled).toBe(false);
  expect(read({ TRADER_LED_BRIGHTNESS: "300" }).enabled).toBe(false);
  expect(errors).toMatchObject([
    { reason: expect.stringContaining("two hours") },
    { reason: expect.stringContaining("TRADER_LED_BRIGHTNESS") },
  ]);
});
