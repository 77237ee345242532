import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { joinAskSchema } from "../io/join-wire.ts";
import type { JoinAnswer, JoinAsk } from "../io/join-wire.ts";
import { readNodeConfig, readRoster, readSecrets, writeRoster } from "../io/node-files.ts";
import type { Member, Roster, Secrets } from "../io/node-files.ts";
import { BadRequestError, issueCertificate, requestKeyHash } from "../io/pki.ts";
import { burnToken, hashOfSecret, judgeToken, readTokens } from "../io/tokens.ts";
import { fullBucket, tryTake } from "./pacing.ts";

/** What the agent says about a new member. */
export type AgentWord = { initialRecord: Record<string, unknown> | null; refused?: string | undefined };

/** What a desk stands on; `nowMs` is wall time (a token's end is a date), `monotonicMs` paces the attempts. */
export type JoinDeskParts = {
  dir: string;
  nowMs: () => number;
  monotonicMs: () => number;
  /** Rejects when the agent does not answer in time. */
  askAgent: (member: Member) => Promise<AgentWord>;
  onJoined: (member: Member, roster: Roster) => void;
  log: Logger;
};

type Reply = { status: number; body: JoinAnswer | { error: string } };
const no = (status: number, error: string): Reply => ({ status, body: { error } });

/** A stranger may try this often; the token's 256 bits are the protection, this only bounds the work. */
const ATTEMPTS = { perSecond: 1, burst: 20 };
const MOST_WAITING = 8;
const MOST_OF = { node: 2, witness: 1 };

/** Null when the roster has room for this member; a member that asks again is no stranger to it. */
function rosterRefusal(roster: Roster, member: Member, again: boolean): string | null {
  const others = roster.members.filter((other) => !(again && other.name === member.name));
  if (others.some((other) => other.name === member.name)) {
    return `The cluster already has a member named ${member.name}. Choose another name.`;
  }
  if (others.filter((other) => other.kind === member.kind).length >= MOST_OF[member.kind]) {
    return `The cluster already has ${MOST_OF[member.kind] === 1 ? "its witness" : "its two nodes"}.`;
  }
  const twin = others.find((other) => other.host === member.host && other.agentPort === member.agentPort);
  return twin === undefined ? null : `${twin.name} already has the address ${member.host}:${member.agentPort}.`;
}

/** Admits members on the founder, one at a time: token, room in the roster, the agent's word, then burn and sign. */
export class JoinDesk {
  readonly #parts: JoinDeskParts;
  #bucket;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: JoinDeskParts) {
    this.#parts = parts;
    this.#bucket = fullBucket(ATTEMPTS, parts.monotonicMs());
  }

  /** Answers one `POST /join`; never rejects, and says nothing of its insides to a stranger. */
  async handle(body: unknown): Promise<Reply> {
    const { bucket, ok } = tryTake(this.#bucket, ATTEMPTS, 1, this.#parts.monotonicMs());
    this.#bucket = bucket;
    if (!ok || this.#waiting >= MOST_WAITING) return no(429, "Too many attempts to join. Try again in a minute.");
    const ask = joinAskSchema.safeParse(body);
    if (!ask.success) return no(400, "This is not a request to join that this version understands.");
    this.#waiting += 1;
    const turn = this.#last.then(() => this.#admit(ask.data));
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } catch (error) {
      if (error instanceof BadRequestError) return no(400, "The certificate request is not a good one.");
      this.#parts.log.error({ err: error }, "join failed");
      return no(500, "The founder could not admit a member; its log says why. The same token may be tried again.");
    } finally {
      this.#waiting -= 1;
    }
  }

  async #admit(ask: JoinAsk): Promise<Reply> {
    const { dir, log } = this.#parts;
    const { member } = ask;
    if (!existsSync(join(dir, "pki", "ca.key")))
      return no(409, "Only the node that founded the cluster admits members.");
    const keyHash = await requestKeyHash(ask.request);
    const hash = hashOfSecret(ask.secret);
    const entry = readTokens(dir).find((known) => known.hash === hash);
    const verdict = judgeToken(entry, { name: member.name, kind: member.kind, keyHash }, this.#parts.nowMs());
    if (verdict.kind === "refused") return no(403, verdict.reason);
    const full = rosterRefusal(readRoster(dir), member, verdict.kind === "again");
    if (full !== null) return no(409, full);

    let word: AgentWord;
    try {
      word = await this.#parts.askAgent(member);
    } catch (error) {
      log.warn({ err: error }, "join: the agent did not answer");
      return no(503, "The founder's agent did not answer. The token is still good: try again.");
    }
    if (word.refused !== undefined) return no(409, word.refused);

    // Burnt before anything is given away: two joiners with one token never both become members.
    burnToken(dir, hash, { name: member.name, keyHash });
    const answer = await this.#answer(ask, word);
    log.info({ member: member.name, kind: member.kind }, "joined");
    this.#parts.onJoined(member, answer.roster);
    return { status: 200, body: answer };
  }

  async #answer(ask: JoinAsk, word: AgentWord): Promise<JoinAnswer> {
    const { dir } = this.#parts;
    const { member } = ask;
    const config = readNodeConfig(dir);
    const caPem = readFileSync(join(dir, "pki", "ca.crt"), "utf8");
    const ca = { certificatePem: caPem, keyPem: readFileSync(join(dir, "pki", "ca.key"), "utf8") };
    const certificate = await issueCertificate(ca, config.cluster, member.name, ask.request);
    const before = readRoster(dir);
    const members = [...before.members.filter((other) => other.name !== member.name), member];
    const roster = { ...before, version: before.version + 1, members };
    writeRoster(dir, roster);
    const all = readSecrets(dir);
    const secrets: Secrets = member.kind === "node" ? all : { clusterSecret: all.clusterSecret };
    const { cluster, preset } = config;
    return { cluster, preset, certificate, ca: caPem, secrets, roster, initialRecord: word.initialRecord };
  }
}
