import { styled } from "./output.ts";

/** Where progress is shown; `process.stdout` is one. */
type Screen = { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };

/** Steps that are done, one line each; on a terminal also the one that goes on, in a last line that changes. */
export class Progress {
  readonly #screen: Screen;
  #shown = false;

  constructor(screen: Screen = process.stdout) {
    this.#screen = screen;
  }

  /** Something has been done, or seen to be good. */
  done(text: string): void {
    this.#clear();
    this.#screen.write(`${styled("green", "ok")}  ${text}\n`);
  }

  /** Something is not as it should be, and not the end. */
  warn(text: string): void {
    this.#clear();
    this.#screen.write(`${styled("yellow", "--")}  ${text}\n`);
  }

  /** What goes on now; nothing where there is no terminal. */
  now(text: string): void {
    if (this.#screen.isTTY !== true) return;
    this.#clear();
    this.#screen.write(`..  ${text}`.slice(0, (this.#screen.columns || 80) - 1));
    this.#shown = true;
  }

  #clear(): void {
    if (this.#shown) this.#screen.write("\r\u001B[K");
    this.#shown = false;
  }
}
