import type { Logger } from "pino";
import { type BoardPicture, samePicture } from "../board-picture.ts";
import { boardMethods, showParams } from "./board-message.ts";
import { type CallOutcome, RouterClient, type RouterTimes, routerTimes } from "./router-client.ts";
import { Wake } from "./wake.ts";
import { errorCodes } from "./wire.ts";

export type ScreenTimes = RouterTimes & {
  /** Between two pictures: four a second are under a kilobyte of the 11.5 that the serial line carries. */
  readonly gapMs: number;
  /** The sketch calls a picture stale after three of these. */
  readonly beatMs: number;
  /** A picture that nobody confirmed for this long is not sent again: then the sketch shall say that it is stale. */
  readonly freshMs: number;
};
export const screenTimes: ScreenTimes = { ...routerTimes, gapMs: 250, beatMs: 5_000, freshMs: 75_000 };

export type ScreenOptions = {
  readonly socketPath: string;
  /** Another number in each run of the app. */
  readonly session: number;
  readonly log: Logger;
  readonly times?: ScreenTimes;
};

/**
 * The board's matrix and LED 3 and 4 behind the router. `show` keeps the newest picture and returns at once; however
 * many come, one at a time goes over the wire, with a pause after it, and again at each beat.
 */
export class BoardScreen {
  readonly #client: RouterClient;
  readonly #times: ScreenTimes;
  readonly #session: number;
  readonly #log: Logger;
  readonly #wake = new Wake();
  #picture: BoardPicture | null = null;
  #confirmedMs = 0;
  #dirty = false;
  #seq = 0;
  #failures = 0;
  #said = "";
  #stopped = false;

  constructor({ socketPath, session, log, times = screenTimes }: ScreenOptions) {
    this.#times = times;
    this.#session = session;
    this.#log = log;
    this.#client = new RouterClient({
      socketPath,
      provides: { [boardMethods.redraw]: () => this.#again() },
      onConnected: () => this.#again(),
      log,
      times,
    });
  }

  /** Resolves after `stop`; never rejects. */
  async run(): Promise<void> {
    await Promise.all([this.#client.run(), this.#sendAll()]);
  }

  stop(): void {
    this.#stopped = true;
    this.#client.stop();
    this.#wake.ring();
  }

  /** The newest picture wins. The same picture again says that it is still true. */
  show(picture: BoardPicture): void {
    this.#confirmedMs = performance.now();
    if (this.#picture !== null && samePicture(this.#picture, picture)) return;
    this.#picture = picture;
    this.#dirty = true;
    this.#wake.ring();
  }

  /** The picture is not known to be true any more: nothing is sent until the next `show`, and the sketch says so. */
  forget(): void {
    this.#picture = null;
  }

  #again(): void {
    this.#dirty = true;
    this.#failures = 0;
    this.#wake.ring();
  }

  async #sendAll(): Promise<void> {
    const { gapMs, beatMs } = this.#times;
    while (!this.#stopped) {
      if (!this.#dirty) await this.#wake.wait(beatMs);
      this.#dirty = false;
      const picture = this.#picture;
      if (this.#stopped) return;
      const fresh = performance.now() - this.#confirmedMs < this.#times.freshMs;
      if (picture === null || !fresh || !this.#client.connected) continue;
      const outcome = await this.#client.call(boardMethods.show, showParams(this.#session, ++this.#seq, picture));
      this.#say(outcome);
      // After every call: a flood of changes, or of sketches that ask, is no flood on the wire.
      await pause(gapMs);
      if (outcome.kind === "answered") {
        this.#failures = 0;
        continue;
      }
      this.#dirty = true;
      await this.#pauseAfterFailure();
    }
  }

  /** Ended early by a new connection or a sketch that asks, which set the failures back; never by a change. */
  async #pauseAfterFailure(): Promise<void> {
    const { backoffMs, gapMs } = this.#times;
    const untilMs = performance.now() + (backoffMs[Math.min(this.#failures, backoffMs.length - 1)] ?? gapMs);
    this.#failures++;
    for (let leftMs = untilMs - performance.now(); leftMs > 0; leftMs = untilMs - performance.now()) {
      await this.#wake.wait(leftMs);
      if (this.#stopped || this.#failures === 0) return;
      await pause(Math.min(gapMs, leftMs));
    }
  }

  #say(outcome: CallOutcome): void {
    const state = outcome.kind === "refused" ? `refused ${outcome.code}` : outcome.kind;
    // `gone` is said by the client.
    if (state === this.#said || state === "gone") return;
    this.#said = state;
    if (outcome.kind === "answered") return this.#log.info("the board shows the picture");
    if (outcome.kind === "refused" && outcome.code === errorCodes.notAvailable) {
      return this.#log.warn(
        'the board\'s sketch is not there: "arduino-cli compile --upload --profile default src/led/sketch"',
      );
    }
    this.#log.warn({ outcome }, "the board's sketch does not take the picture; trying again");
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms).unref());
