import type { Logger } from "pino";
import type { PairView } from "../ha/contract.ts";
import type { AppClock } from "./app-ports.ts";
import type { ActivityBoard } from "./led/activity.ts";
import { ledDisplayOf, type LedDisplay, type LedFacts } from "./led/display.ts";
import { ledFacts } from "./led/facts.ts";
import { LagWatch } from "./led/lag.ts";
import { LedOutput } from "./led/led-output.ts";
import { ledSettings } from "./led/led-settings.ts";
import { TakeoverWatch } from "./led/takeover.ts";
import type { LedgerView } from "./ledger-view.ts";
import { mqttFacts } from "./mqtt/facts.ts";
import type { MqttFacts } from "./mqtt/messages.ts";
import { MqttOutput } from "./mqtt/mqtt-output.ts";
import { mqttSettings } from "./mqtt/mqtt-settings.ts";
import { Notifier, type NotifierOptions } from "./notify/notifier.ts";
import type { Primary } from "./primary.ts";

export type OutputsOptions = {
  readonly node: string;
  readonly cluster: string;
  readonly dataDir: string;
  readonly clock: AppClock;
  readonly notify: NotifierOptions["settings"];
  /** The work that runs at this moment. */
  readonly board: ActivityBoard;
  /** What the agent last said of the pair; null before it did. */
  readonly pair: () => PairView | null;
  /** null on a standby. */
  readonly primary: () => Pick<Primary, "epoch" | "leads" | "view"> | null;
  readonly log: Logger;
};

/**
 * What a node says without being asked, from its start until its process ends: the lights of its board, messages by
 * MQTT where a broker is set, and alerts. None of it may hold up the app.
 */
export class Outputs {
  readonly #options: OutputsOptions;
  readonly #takeover: TakeoverWatch;
  readonly #lag = new LagWatch();
  readonly #leds: LedOutput;
  readonly #notifier: Notifier;
  #drawnView = "";

  constructor(options: OutputsOptions) {
    const { node, cluster, dataDir, notify: settings, board, primary, log } = options;
    this.#options = options;
    this.#takeover = new TakeoverWatch(node);
    this.#leds = new LedOutput({ draw: () => this.led(false), settings: ledSettings(process.env, log), dataDir, log });
    this.#notifier = new Notifier({ node, cluster, settings, works: () => primary() !== null, log });
    board.onChange = () => this.#leds.changed();
  }

  run(): void {
    void this.#leds.run();
    this.#notifier.run();
    void this.#publish()?.run();
  }

  /** Gives the board's lights back. Synchronous, for the last moment of a process. */
  stop(): void {
    this.#leds.stop();
  }

  /** What the agent says of the pair now. */
  see(view: PairView): void {
    this.#takeover.see(view);
    this.#notifier.see(view);
    this.#lag.see(view.lagTxids);
    const { txids } = this.#lag;
    // A lag changes all the time: only its beginning and its end are drawn at once, its figure at the next drawing.
    const drawn = JSON.stringify({ ...view, lagTxids: txids === null ? null : Math.min(txids, 1) });
    if (drawn !== this.#drawnView) this.#leds.changed();
    this.#drawnView = drawn;
  }

  /** This node has its ledger open from now on. */
  promoted(): void {
    this.#takeover.promoted();
    this.#leds.changed();
  }

  /** The display of this moment; `amounts` for whoever is paired. */
  led(amounts: boolean): LedDisplay {
    return ledDisplayOf(this.#ledFacts(amounts, this.#options.primary()?.view() ?? null));
  }

  #ledFacts(amounts: boolean, ledger: LedgerView | null): LedFacts {
    const { node, clock, board } = this.#options;
    const primary = this.#options.primary();
    return ledFacts({
      node,
      pair: this.#options.pair(),
      open: primary && ledger && { epoch: primary.epoch, ledger },
      tookOverFrom: this.#takeover.from,
      behindTxids: this.#lag.txids,
      amounts,
      activity: board.current,
      realSinceMs: (appMs) => clock.realMs(clock.nowMs() - appMs),
    });
  }

  /** Publishes to a broker, where one is set. */
  #publish(): MqttOutput | null {
    const { node, cluster, pair, primary, log } = this.#options;
    const settings = mqttSettings(process.env, log);
    if (settings === null) return null;
    const leading = () => (primary()?.leads === true ? primary() : null);
    const facts = (): MqttFacts => {
      const ledger = leading()?.view() ?? null;
      return mqttFacts({ node, pair: pair(), led: this.#ledFacts(false, ledger), ledger });
    };
    const display = (): LedDisplay | null => (leading() === null ? null : this.led(false));
    return new MqttOutput({ cluster, node, settings, facts, display, log });
  }
}
