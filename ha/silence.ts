const turnMs = 100;

/**
 * Tells when a process that should speak says nothing. Silence is counted in turns of this process's own loop, each
 * for two turns at most: whoever was itself stopped or starved has heard nobody, and must not blame the others for it.
 */
export class SilenceWatch {
  readonly #timer: NodeJS.Timeout;
  #silentMs = 0;
  #lastMs = performance.now();

  /** `limitMs` is asked at each turn; `onSilent` is called once for each silence that reaches it. */
  constructor(limitMs: () => number, onSilent: (silentMs: number) => void) {
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      this.#silentMs += Math.min(nowMs - this.#lastMs, 2 * turnMs);
      this.#lastMs = nowMs;
      if (this.#silentMs < limitMs()) return;
      const silentMs = Math.round(this.#silentMs);
      this.#silentMs = 0;
      onSilent(silentMs);
    }, turnMs);
  }

  heard(): void {
    this.#silentMs = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
