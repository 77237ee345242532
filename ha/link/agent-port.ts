import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Member } from "../io/node-files.ts";
import type { AgentWord } from "./join-desk.ts";
import { toLink } from "./protocol.ts";
import type { FromLink, ToLink } from "./protocol.ts";

/** A Node IPC channel as the link sees it; `process` is one. */
export type Channel = {
  send: (message: FromLink) => void;
  onMessage: (listener: (message: unknown) => void) => void;
};

const ANSWER_LIMIT_MS = 5000;

/** The link's side of the IPC: validates what comes in, and pairs questions about joiners with their answers. */
export class AgentPort {
  readonly #channel: Channel;
  readonly #waiting = new Map<string, (word: AgentWord) => void>();

  constructor(channel: Channel, onMessage: (message: ToLink) => void, log: Logger) {
    this.#channel = channel;
    channel.onMessage((raw) => {
      const message = toLink.safeParse(raw);
      if (!message.success) log.error({ err: message.error }, "the agent said something that is not of the protocol");
      else if (message.data.kind === "join-answer") this.#waiting.get(message.data.id)?.(message.data);
      else onMessage(message.data);
    });
  }

  send(message: FromLink): void {
    this.#channel.send(message);
  }

  /** The agent's word about a joiner; rejects after five seconds without one. */
  async askAbout(member: Member, admit: boolean, limitMs = ANSWER_LIMIT_MS): Promise<AgentWord> {
    const id = randomUUID();
    const answered = Promise.withResolvers<AgentWord>();
    const given = new AbortController();
    this.#waiting.set(id, answered.resolve);
    try {
      this.send({ kind: "join-request", id, member, admit });
      const late = delay(limitMs, undefined, { signal: given.signal }).then(() => {
        throw new Error(`the agent did not answer in ${limitMs} ms`);
      });
      return await Promise.race([answered.promise, late]);
    } finally {
      this.#waiting.delete(id);
      given.abort();
    }
  }
}
