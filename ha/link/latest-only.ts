/** Lets the newest of many values through at most once in `everyMs`: the first at once, the last never lost. */
export class LatestOnly<T> {
  readonly #everyMs: number;
  readonly #emit: (value: T) => void;
  #waiting: { value: T } | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(everyMs: number, emit: (value: T) => void) {
    this.#everyMs = everyMs;
    this.#emit = emit;
  }

  push(value: T): void {
    this.#waiting = { value };
    if (this.#timer === null) this.flush();
  }

  /** Emits at once what is waiting. */
  flush(): void {
    if (this.#waiting === null) return;
    const { value } = this.#waiting;
    this.#waiting = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.flush();
    }, this.#everyMs);
    this.#timer.unref();
    this.#emit(value);
  }
}
