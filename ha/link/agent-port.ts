import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Member } from "../io/node-files.ts";
import type { AgentWord } from "./join-desk.ts";
import { toLink } from "./protocol.ts";
import type { FromLink, Question, ToLink } from "./protocol.ts";

/** A Node IPC channel as the link sees it; `process` is one. */
export type Channel = {
  send: (message: FromLink) => void;
  onMessage: (listener: (message: unknown) => void) => void;
};

const ANSWER_LIMIT_MS = 5000;
const QUESTION_LIMIT_MS = 30_000;
/** More questions than this at once are not passed on. */
const QUESTIONS_MAX = 4;

type Answer = Extract<ToLink, { kind: "join-answer" | "answer" }>;
/** An answer for the member that asked, as HTTP. */
export type Reply = { readonly status: number; readonly body: object };

/** The link's side of the IPC: validates what comes in, and pairs questions to the agent with their answers. */
export class AgentPort {
  readonly #channel: Channel;
  readonly #waiting = new Map<string, (answer: Answer) => void>();

  constructor(channel: Channel, onMessage: (message: ToLink) => void, log: Logger) {
    this.#channel = channel;
    channel.onMessage((raw) => {
      const message = toLink.safeParse(raw);
      if (!message.success) log.error({ err: message.error }, "the agent said something that is not of the protocol");
      else if (message.data.kind === "join-answer" || message.data.kind === "answer")
        this.#waiting.get(message.data.id)?.(message.data);
      else onMessage(message.data);
    });
  }

  send(message: FromLink): void {
    this.#channel.send(message);
  }

  /** The agent's word about a joiner; rejects after five seconds without one. */
  async askAbout(member: Member, admit: boolean, limitMs = ANSWER_LIMIT_MS): Promise<AgentWord> {
    const word = await this.#ask((id) => ({ kind: "join-request", id, member, admit }), limitMs);
    if (word.kind !== "join-answer") throw new Error("the agent answered another question");
    return word;
  }

  /** The agent's answer to a member's question; rejects after half a minute without one. */
  async question(about: Question, limitMs = QUESTION_LIMIT_MS): Promise<Reply> {
    if (this.#waiting.size >= QUESTIONS_MAX) return { status: 429, body: { error: "Too many questions at once." } };
    const answer = await this.#ask((id) => ({ kind: "question", id, about }), limitMs);
    if (answer.kind !== "answer") throw new Error("the agent answered another question");
    return { status: answer.status, body: answer.body };
  }

  async #ask(message: (id: string) => FromLink, limitMs: number): Promise<Answer> {
    const id = randomUUID();
    const answered = Promise.withResolvers<Answer>();
    const given = new AbortController();
    this.#waiting.set(id, answered.resolve);
    try {
      this.send(message(id));
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
