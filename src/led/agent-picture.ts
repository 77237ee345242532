import { join } from "node:path";
import type { Logger } from "pino";
import type { BoardClaim } from "./board-claim.ts";
import { colours, type LedDisplay } from "./display.ts";
import { LedOutput, type OutputTimes } from "./led-output.ts";
import type { LedSettings } from "./led-settings.ts";
import { putBackSaved } from "./sysfs/sysfs-lamps.ts";

export type AgentPictureOptions = {
  readonly node: string;
  readonly settings: LedSettings;
  readonly dataDir: string;
  readonly log: Logger;
  /** How long an app may be away, as for an ordinary restart, before the board says so. */
  readonly patienceMs?: number;
  readonly nowMs?: () => number;
  readonly claim?: () => BoardClaim;
  readonly times?: OutputTimes;
};

const patienceMsDefault = 3_000;
/** An app that fails again within this is no ordinary restart: it is shown at once. */
const againMs = 30_000;

/** What a node shows while its app cannot draw: red, with the reason. */
export const appGoneDisplay = (node: string, reason: string): LedDisplay => ({
  mode: "error",
  error_message: `${node}: ${reason}`.toUpperCase(),
  trade_is_buy: false,
  led3: colours.red,
  led4: colours.off,
  ticker_text: "",
  activity_message: "",
  ticker_speed: 50,
  drawn_by: { node, epoch: 0 },
});

/**
 * Draws in place of an app that is dead, fenced or in a loop of crashes, so that the board is never left with a
 * picture of before. For whoever starts the app: `appGone` at its end, `appReady` when the next one answers, `stop`
 * when the last one is dead.
 */
export class AgentPicture {
  readonly #options: AgentPictureOptions;
  #output: LedOutput | null = null;
  #timer: NodeJS.Timeout | null = null;
  #reason = "";
  #failedMs = Number.NEGATIVE_INFINITY;

  constructor(options: AgentPictureOptions) {
    this.#options = options;
  }

  /** `reason` for people. The first of a row begins the wait; the newest is shown. */
  appGone(how: "failed" | "replaced", reason: string): void {
    this.#reason = reason;
    const nowMs = (this.#options.nowMs ?? performance.now.bind(performance))();
    const again = how === "failed" && nowMs - this.#failedMs < againMs;
    if (how === "failed") this.#failedMs = nowMs;
    this.#output?.changed();
    if (this.#timer !== null || this.#output !== null) return;
    const patienceMs = again ? 0 : (this.#options.patienceMs ?? patienceMsDefault);
    this.#timer = setTimeout(() => this.#begin(), patienceMs);
    this.#timer.unref();
  }

  /** The app draws again. */
  appReady(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#output?.stop();
    this.#output = null;
  }

  /** Gives the LEDs back, those too that a killed app held; synchronous. */
  stop(): void {
    this.appReady();
    putBackSaved(this.#options.settings.sysfsRoot, join(this.#options.dataDir, "leds.json"));
  }

  #begin(): void {
    const { node, settings, dataDir, log, claim, times } = this.#options;
    this.#timer = null;
    this.#output = new LedOutput({
      draw: () => appGoneDisplay(node, this.#reason),
      settings,
      dataDir,
      log,
      ...(claim ? { claim: claim() } : {}),
      ...(times ? { times } : {}),
    });
    void this.#output.run();
  }
}
