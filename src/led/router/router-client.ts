import { createConnection, type Socket } from "node:net";
import type { Logger } from "pino";
import { encodeAnswer, encodeRequest, errorCodes, readMessages, type RpcMessage } from "./wire.ts";
import { Wake } from "./wake.ts";

/** `silent`: no answer within the limit; the provider may have died mid-call. `gone`: there is no connection. */
export type CallOutcome =
  | { readonly kind: "answered"; readonly result: unknown }
  | { readonly kind: "refused"; readonly code: number; readonly text: string }
  | { readonly kind: "silent" }
  | { readonly kind: "gone" };

export type RouterTimes = {
  readonly callMs: number;
  readonly connectMs: number;
  /** Pauses before the first, second, … new attempt to connect or to register; the last one repeats. */
  readonly backoffMs: readonly number[];
};
export const routerTimes: RouterTimes = {
  callMs: 2_000,
  connectMs: 2_000,
  backoffMs: [250, 500, 1_000, 2_000, 5_000, 15_000, 30_000],
};

export type RouterOptions = {
  readonly socketPath: string;
  /** Methods that this client registers after every connect, and what to do when they are called. */
  readonly provides: Readonly<Record<string, () => void>>;
  readonly onConnected: () => void;
  readonly log: Logger;
  readonly times?: RouterTimes;
};

type Waiting = { readonly id: number; readonly settle: (outcome: CallOutcome) => void };

const registerTriesMax = 6;
/** A router that does not read: dropped before this many bytes lie in memory. */
const unsentBytesMax = 16_384;
const silentCallsMax = 3;

/**
 * The arduino-router's unix socket. One call is in flight at a time, because the router keeps no order, and every
 * call has a limit, because the router gives no answer when a provider dies. Connects again by itself, with pauses,
 * and registers again; where there is no router it says so once and only looks for the socket.
 */
export class RouterClient {
  readonly #options: RouterOptions;
  readonly #times: RouterTimes;
  readonly #wake = new Wake();
  #socket: Socket | null = null;
  #waiting: Waiting | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #nextId = 1;
  #silentCalls = 0;
  #said = "";
  #stopped = false;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#times = options.times ?? routerTimes;
  }

  get connected(): boolean {
    return this.#socket !== null;
  }

  /** Runs until `stop`; never rejects. */
  async run(): Promise<void> {
    for (let failures = 0; !this.#stopped;) {
      const socket = await this.#connect();
      if (socket !== null) {
        const startedMs = performance.now();
        await this.#serve(socket);
        // A router that drops every connection at once is not asked again at once.
        if (performance.now() - startedMs > this.#times.callMs) failures = 0;
      }
      if (!this.#stopped) await this.#wake.wait(this.#backoff(failures++));
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.destroy();
    this.#wake.ring();
  }

  /** Calls a method when the calls before it have ended. Never rejects, but throws on a message that is too long. */
  call(method: string, params: readonly unknown[]): Promise<CallOutcome> {
    const id = this.#nextId++;
    const bytes = encodeRequest(id, method, params);
    const done = this.#turn.then(() => this.#exchange(id, bytes));
    this.#turn = done;
    return done;
  }

  async #exchange(id: number, bytes: Uint8Array): Promise<CallOutcome> {
    const socket = this.#socket;
    if (socket === null) return { kind: "gone" };
    const outcome = await new Promise<CallOutcome>((resolve) => {
      const timer = setTimeout(() => resolve({ kind: "silent" }), this.#times.callMs);
      timer.unref();
      this.#waiting = {
        id,
        settle: (settled) => {
          clearTimeout(timer);
          resolve(settled);
        },
      };
      send(socket, bytes);
    });
    this.#waiting = null;
    this.#silentCalls = outcome.kind === "silent" ? this.#silentCalls + 1 : 0;
    // The router keeps each unanswered call for ever; closing the connection lets go of them.
    if (this.#silentCalls >= silentCallsMax) socket.destroy();
    return outcome;
  }

  #connect(): Promise<Socket | null> {
    const { socketPath } = this.#options;
    return new Promise((resolve) => {
      const socket = createConnection(socketPath);
      const timer = setTimeout(() => socket.destroy(new Error("no connection in time")), this.#times.connectMs);
      timer.unref();
      socket.on("error", (error) => this.#sayDown(error));
      socket.once("close", () => {
        clearTimeout(timer);
        resolve(null);
      });
      socket.once("connect", () => {
        clearTimeout(timer);
        resolve(socket);
      });
    });
  }

  /** Resolves when the connection has ended. */
  async #serve(socket: Socket): Promise<void> {
    // `stop` may have come while it connected.
    if (this.#stopped) return void socket.destroy();
    socket.unref();
    this.#socket = socket;
    this.#silentCalls = 0;
    this.#say("up", () => this.#options.log.info({ socket: this.#options.socketPath }, "connected to arduino-router"));
    const registering = this.#register(socket);
    this.#options.onConnected();
    try {
      for await (const message of readMessages(socket)) this.#hear(socket, message);
      this.#sayDown(null);
    } catch (error) {
      this.#sayDown(error);
    } finally {
      this.#socket = null;
      socket.destroy();
      this.#waiting?.settle({ kind: "gone" });
      await registering;
    }
  }

  #hear(socket: Socket, message: RpcMessage): void {
    switch (message.kind) {
      case "result":
        // An answer to a call that was given up is nobody's.
        if (message.id === this.#waiting?.id) this.#waiting.settle({ kind: "answered", result: message.result });
        return;
      case "error":
        if (message.id !== this.#waiting?.id) return;
        return this.#waiting.settle({ kind: "refused", code: message.code, text: message.text });
      case "notification":
        return this.#options.provides[message.method]?.();
      case "request": {
        const provided = this.#options.provides[message.method];
        send(socket, encodeAnswer(message.id, provided ? null : [errorCodes.notAvailable, "not provided here"]));
        return provided?.();
      }
    }
  }

  /** After a quick reconnect the router may still hold the name for the old connection: then again, later. */
  async #register(socket: Socket): Promise<void> {
    for (const method of Object.keys(this.#options.provides)) {
      for (let tries = 0; tries < registerTriesMax && this.#socket === socket; tries++) {
        const outcome = await this.call("$/register", [method]);
        if (outcome.kind === "answered") break;
        await this.#pauseWhile(socket, this.#backoff(tries));
      }
    }
  }

  #pauseWhile(socket: Socket, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        socket.off("close", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      timer.unref();
      socket.once("close", end);
      if (socket.destroyed) end();
    });
  }

  #backoff(failures: number): number {
    const { backoffMs } = this.#times;
    return backoffMs[Math.min(failures, backoffMs.length - 1)] ?? 1_000;
  }

  #sayDown(error: unknown): void {
    if (this.#stopped) return;
    const { log, socketPath } = this.#options;
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "ENOENT" && this.#said === "")
      this.#say("absent", () => log.info({ socket: socketPath }, "no arduino-router here: no matrix, no LED 3 and 4"));
    else if (this.#said !== "absent")
      this.#say("down", () => log.warn({ socket: socketPath, err: error }, "arduino-router is gone; looking for it"));
  }

  /** Says a change of state once, not each attempt. */
  #say(state: string, words: () => void): void {
    if (this.#said === state) return;
    this.#said = state;
    words();
  }
}

function send(socket: Socket, bytes: Uint8Array): void {
  if (socket.writableLength > unsentBytesMax) socket.destroy(new Error("the router does not read"));
  else socket.write(bytes);
}
