import type { ReadStream, WriteStream } from "node:tty";

/** Keys that the demo knows. */
export type Key = "kill" | "switch" | "restart" | "quit";

const KEYS: Readonly<Record<string, Key>> = { k: "kill", s: "switch", r: "restart", q: "quit", "\u0003": "quit" };

const ENTER = "\u001B[?1049h\u001B[?25l";
const LEAVE = "\u001B[?25h\u001B[?1049l";
const HOME = "\u001B[H";
const CLEAR_LINE_END = "\u001B[K";
const CLEAR_BELOW = "\u001B[J";

/** The terminal as one screen that is drawn anew; `restore` gives it back as it was, at the process's exit at the latest. */
export class Terminal {
  readonly #out: WriteStream;
  readonly #in: ReadStream;
  #restored = false;

  constructor(out: WriteStream, input: ReadStream, onKey: (key: Key) => void) {
    this.#out = out;
    this.#in = input;
    out.on("error", () => undefined);
    process.on("exit", () => this.restore());
    out.write(ENTER);
    if (!input.isTTY) return;
    input.setRawMode(true);
    input.setEncoding("utf8");
    input.on("data", (text) => {
      for (const letter of String(text)) {
        const key = KEYS[letter.toLowerCase()];
        if (key !== undefined) onKey(key);
      }
    });
  }

  /** A terminal that does not know its size says 0. */
  get rows(): number {
    return this.#out.rows || 24;
  }

  get columns(): number {
    return this.#out.columns || 80;
  }

  draw(lines: readonly string[]): void {
    if (this.#restored || this.#out.writableNeedDrain) return;
    this.#out.write(HOME + lines.map((line) => line + CLEAR_LINE_END).join("\r\n") + CLEAR_BELOW);
  }

  restore(): void {
    if (this.#restored) return;
    this.#restored = true;
    if (this.#in.isTTY) this.#in.setRawMode(false);
    this.#in.pause();
    this.#out.write(LEAVE);
  }
}
