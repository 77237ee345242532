import { createConnection, type Socket } from "node:net";
import { once } from "node:events";
import { decodeMultiStream, encode } from "@msgpack/msgpack";

export type Shown = { readonly params: readonly unknown[]; readonly bytes: number };

/** A microcontroller's end of the router: registers methods, keeps what it was sent, answers as a test tells it. */
export class FakeBoard {
  readonly shown: Shown[] = [];
  /** How the next calls are answered. */
  behaviour: "answer" | "ignore" | "die" | "fail" | "late" = "answer";
  /** The call to be answered "late", when the next one has come. */
  #late: number | null = null;
  readonly #socket: Socket;
  #answers = new Map<number, (message: readonly unknown[]) => void>();
  #nextId = 1;
  #listeners = new Set<() => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    void this.#read();
  }

  static async connect(socketPath: string, methods: readonly string[]): Promise<FakeBoard> {
    const socket = createConnection(socketPath);
    await once(socket, "connect");
    const board = new FakeBoard(socket);
    for (const method of methods) await board.request("$/register", [method]);
    return board;
  }

  /** The whole answer, `[1, id, error, result]`. */
  request(method: string, params: readonly unknown[]): Promise<readonly unknown[]> {
    const id = this.#nextId++;
    const answer = new Promise<readonly unknown[]>((resolve) => this.#answers.set(id, resolve));
    this.#socket.write(encode([0, id, method, params]));
    return answer;
  }

  notify(method: string): void {
    this.#socket.write(encode([2, method, []]));
  }

  raw(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Resolves when this many pictures have come. */
  async came(count: number): Promise<readonly Shown[]> {
    while (this.shown.length < count) await new Promise<void>((resolve) => this.#listeners.add(resolve));
    return this.shown;
  }

  async closed(): Promise<void> {
    if (!this.#socket.destroyed) await once(this.#socket, "close");
  }

  stop(): void {
    this.#socket.destroy();
  }

  async #read(): Promise<void> {
    try {
      for await (const message of decodeMultiStream(this.#socket)) {
        if (Array.isArray(message)) this.#hear(message);
      }
    } catch {
      // Cut.
    }
    this.#socket.destroy();
  }

  #hear(message: readonly unknown[]): void {
    const [type, id, , params] = message;
    if (typeof id !== "number") return;
    if (type === 1) {
      this.#answers.get(id)?.(message);
      this.#answers.delete(id);
      return;
    }
    if (type !== 0 || !Array.isArray(params)) return;
    this.shown.push({ params, bytes: encode(message).length });
    if (this.behaviour === "late") {
      if (this.#late !== null) this.#socket.write(encode([1, this.#late, null, "late"]));
      this.#late = id;
    }
    if (this.behaviour === "die") this.#socket.destroy();
    if (this.behaviour === "answer") this.#socket.write(encode([1, id, null, true]));
    if (this.behaviour === "fail") this.#socket.write(encode([1, id, [0xff, "generic"], null]));
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}
