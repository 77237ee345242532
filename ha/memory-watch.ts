const everyMs = 1_000;

/** Tells when a process holds more than a working one ever needs: before the kernel must choose whom it kills. */
export class MemoryWatch {
  readonly #timer: NodeJS.Timeout;

  /** `residentMb` answers null when there is nothing to measure; `onGrown` is called once. */
  constructor(residentMb: () => number | null, limitMb: number, onGrown: (heldMb: number) => void) {
    this.#timer = setInterval(() => {
      const heldMb = residentMb();
      if (heldMb === null || heldMb <= limitMb) return;
      this.stop();
      onGrown(Math.round(heldMb));
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
