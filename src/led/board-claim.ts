import { createServer, type Server } from "node:net";

/**
 * The right to draw on this machine's board, which several nodes may share in a demo. A name in the kernel's abstract
 * socket space: it needs no file, and it is free again the moment its holder is dead.
 */
export class BoardClaim {
  readonly #name: string;
  #server: Server | null = null;

  constructor(name = "\0arduino-trader-leds") {
    this.#name = name;
  }

  /** False when another process of this machine draws. */
  take(): Promise<boolean> {
    return new Promise((resolve) => {
      const server = createServer((socket) => socket.destroy());
      server.once("error", () => resolve(false));
      server.listen(this.#name, () => {
        server.unref();
        this.#server = server;
        resolve(true);
      });
    });
  }

  release(): void {
    this.#server?.close();
    this.#server = null;
  }
}
