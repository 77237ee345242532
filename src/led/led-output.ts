import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { BoardClaim } from "./board-claim.ts";
import { boardPicture } from "./board-picture.ts";
import { colours, type LedDisplay } from "./display.ts";
import type { LedSettings } from "./led-settings.ts";
import { type Light, lightAt } from "./light.ts";
import { userLamps } from "./look.ts";
import { BoardScreen, type ScreenTimes, screenTimes } from "./router/board-screen.ts";
import { Wake } from "./router/wake.ts";
import { probeLampNames } from "./sysfs/lamp-names.ts";
import { putBackSaved, SysfsLamps } from "./sysfs/sysfs-lamps.ts";

export type OutputTimes = ScreenTimes & {
  /** How often the state is drawn when nothing happens, and while an activity or a takeover is shown or drawing fails. */
  readonly drawMs: number;
  readonly busyDrawMs: number;
  /** Between two drawings, however often something changes. */
  readonly restMs: number;
  /** Half a blink of LED 1 and 2. */
  readonly blinkMs: number;
  /** How often a board is looked for, where there is none or another process draws on it. */
  readonly lookMs: number;
};
export const outputTimes: OutputTimes = {
  ...screenTimes,
  drawMs: 30_000,
  busyDrawMs: 1_000,
  restMs: 250,
  blinkMs: 1_000,
  lookMs: 1_000,
};

export type LedOutputOptions = {
  readonly draw: () => LedDisplay;
  readonly settings: LedSettings;
  readonly dataDir: string;
  readonly log: Logger;
  readonly claim?: BoardClaim;
  readonly times?: OutputTimes;
};

/**
 * Puts a node's display state on the LEDs of the board that it runs on: every 30 s, on a change, and never to disk.
 * Everything is optional: without a board it says so once and only looks whether one appears. Nothing here throws
 * into the app or waits for the board.
 */
export class LedOutput {
  readonly #options: LedOutputOptions;
  readonly #times: OutputTimes;
  readonly #savedFile: string;
  readonly #claim: BoardClaim;
  readonly #wake = new Wake();
  #lamps: SysfsLamps | null = null;
  #screen: BoardScreen | null = null;
  #blinker: NodeJS.Timeout | null = null;
  #display: LedDisplay | null = null;
  #firstHalf = true;
  #said = new Set<string>();
  #stopped = false;

  constructor(options: LedOutputOptions) {
    this.#options = options;
    this.#times = options.times ?? outputTimes;
    this.#savedFile = join(options.dataDir, "leds.json");
    this.#claim = options.claim ?? new BoardClaim();
  }

  /** Resolves after `stop`; never rejects. */
  async run(): Promise<void> {
    if (!this.#options.settings.enabled) return putBackSaved(this.#options.settings.sysfsRoot, this.#savedFile);
    if (!(await this.#board())) return;
    this.#takeLamps();
    const screen = this.#openScreen();
    const { drawMs, busyDrawMs, restMs } = this.#times;
    while (!this.#stopped) {
      this.#draw();
      const shown = this.#display;
      const busy = shown === null || shown.mode === "activity" || shown.takeover === true;
      await pause(restMs);
      await this.#wake.wait((busy ? busyDrawMs : drawMs) - restMs);
    }
    await screen;
  }

  /** Something that the display shows may be different now. */
  changed(): void {
    this.#wake.ring();
  }

  /** Gives LED 1 and 2 back. Synchronous, for the last moment of a process. */
  stop(): void {
    this.#stopped = true;
    if (this.#blinker !== null) clearInterval(this.#blinker);
    this.#lamps?.putBack();
    this.#lamps = null;
    this.#screen?.stop();
    this.#claim.release();
    this.#wake.ring();
  }

  /** Waits for a board that nobody else draws on; false when it was stopped before. */
  async #board(): Promise<boolean> {
    const { settings, log } = this.#options;
    while (!this.#stopped) {
      const here = existsSync(settings.routerSocket) || probeLampNames(settings.sysfsRoot) !== null;
      if (here && (await this.#claim.take())) {
        if (!this.#stopped) return true;
        this.#claim.release();
      } else {
        this.#once(here ? "claimed" : "absent", () =>
          log.info(here ? "another node draws on this board" : "no board here: the display is on the status page only"),
        );
        await this.#wake.wait(this.#times.lookMs);
      }
    }
    return false;
  }

  #takeLamps(): void {
    const { settings, log } = this.#options;
    const outcome = SysfsLamps.take(settings.sysfsRoot, this.#savedFile);
    if (outcome.kind === "refused") {
      log.warn({ reason: outcome.reason, remedy: outcome.remedy }, "LED 1 and 2 cannot be used");
    }
    if (outcome.kind !== "taken") return;
    this.#lamps = outcome.lamps;
    this.#blinker = setInterval(() => {
      this.#firstHalf = !this.#firstHalf;
      this.#light();
    }, this.#times.blinkMs);
    this.#blinker.unref();
  }

  #openScreen(): Promise<void> {
    const { settings, log } = this.#options;
    // Another number than the run before had, and one that the sketch can hold.
    const session = Math.floor(Date.now() / 100) % 2 ** 31;
    this.#screen = new BoardScreen({ socketPath: settings.routerSocket, session, log, times: this.#times });
    return this.#screen.run();
  }

  #draw(): void {
    try {
      this.#display = this.#options.draw();
      this.#screen?.show(boardPicture(this.#display, this.#lightNow()));
      this.#light();
    } catch (error) {
      // Nothing is sent again: the sketch marks its picture as stale.
      this.#display = null;
      this.#screen?.forget();
      this.#light();
      this.#once("draw", () => this.#options.log.warn({ err: error }, "the display could not be drawn"));
    }
  }

  #light(): void {
    const dark = { led1: colours.off, led2: colours.off };
    const lit = this.#display !== null && this.#lightNow().lamps;
    const { led1, led2 } = lit && this.#display ? userLamps(this.#display, this.#firstHalf) : dark;
    if (this.#lamps?.set(led1, led2) === false) {
      this.#once("lamps", () => this.#options.log.warn("LED 1 or 2 could not be written; trying on"));
    }
  }

  #lightNow(): Light {
    return lightAt(this.#options.settings.light, new Date().getHours());
  }

  #once(what: string, words: () => void): void {
    if (this.#said.has(what)) return;
    this.#said.add(what);
    words();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms).unref());
