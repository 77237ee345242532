import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { joinAskSchema } from "../io/join-wire.ts";
import type { JoinAnswer, JoinAsk, JoinCheck } from "../io/join-wire.ts";
import { readNodeConfig, readSecrets } from "../io/node-files.ts";
import type { Member, Roster } from "../io/node-files.ts";
import { BadRequestError, issueCertificate, memberIdOf, requestKeyHash } from "../io/pki.ts";
import { burnToken, hashOfSecret, judgeToken, readTokens } from "../io/tokens.ts";
import { fullBucket, tryTake } from "./pacing.ts";

/** What the agent says about a new member; `roster` is the one that it is in, once it was admitted. */
export type AgentWord = {
  initialRecord: Record<string, unknown> | null;
  roster?: Roster | undefined;
  refused?: string | undefined;
};

/** What a desk stands on; `nowMs` is wall time (a token's end is a date), `monotonicMs` paces the attempts. */
export type JoinDeskParts = {
  dir: string;
  nowMs: () => number;
  monotonicMs: () => number;
  /** Would the agent admit it, or, with `admit`, does it? Rejects when it does not answer in time. */
  askAgent: (member: Member, admit: boolean) => Promise<AgentWord>;
  log: Logger;
};

type Reply = { status: number; body: JoinAnswer | JoinCheck | { error: string } };
const no = (status: number, error: string): Reply => ({ status, body: { error } });

/** A stranger may try this often; the token's 256 bits are the protection, this only bounds the work. */
const ATTEMPTS = { perSecond: 1, burst: 20 };
const MOST_WAITING = 8;
/** Admits members, one at a time: token, the agent's word, then burn it, have the agent make the roster, and sign. */
export class JoinDesk {
  readonly #parts: JoinDeskParts;
  #bucket;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: JoinDeskParts) {
    this.#parts = parts;
    this.#bucket = fullBucket(ATTEMPTS, parts.monotonicMs());
  }

  /** Answers one `POST /join`, or whether it would succeed; never rejects, and says nothing of its insides to a stranger. */
  async handle(body: unknown, checkOnly: boolean): Promise<Reply> {
    const { bucket, ok } = tryTake(this.#bucket, ATTEMPTS, 1, this.#parts.monotonicMs());
    this.#bucket = bucket;
    if (!ok || this.#waiting >= MOST_WAITING) return no(429, "Too many attempts to join. Try again in a minute.");
    const ask = joinAskSchema.safeParse(body);
    if (!ask.success) return no(400, "This is not a request to join that this version understands.");
    this.#waiting += 1;
    const turn = this.#last.then(() => this.#admit(ask.data, checkOnly));
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } catch (error) {
      if (error instanceof BadRequestError) return no(400, "The certificate request is not a good one.");
      this.#parts.log.error({ err: error }, "join failed");
      return no(500, "This node could not admit a member; its log says why. The same token may be tried again.");
    } finally {
      this.#waiting -= 1;
    }
  }

  async #admit(ask: JoinAsk, checkOnly: boolean): Promise<Reply> {
    const { dir, log } = this.#parts;
    if (!existsSync(join(dir, "pki", "ca.key"))) return no(409, "This node has no key to admit members with.");
    const keyHash = await requestKeyHash(ask.request);
    const member: Member = { ...ask.member, id: memberIdOf(keyHash) };
    const hash = hashOfSecret(ask.secret);
    const entry = readTokens(dir).find((known) => known.hash === hash);
    const verdict = judgeToken(entry, { name: member.name, kind: member.kind, keyHash }, this.#parts.nowMs());
    if (verdict.kind === "refused") return no(403, verdict.reason);
    const would = await this.#ask(member, false);
    if (would.refused !== undefined) return no(409, would.refused);
    if (checkOnly)
      return { status: 200, body: { cluster: readNodeConfig(dir).cluster, ledgerBytes: ledgerBytes(dir) } };
    // Burnt before anything is given away: two joiners with one token never both become members.
    burnToken(dir, hash, { name: member.name, keyHash });
    const { roster, initialRecord, refused } = await this.#ask(member, true);
    if (refused !== undefined || roster === undefined) return no(409, refused ?? UNANSWERED);
    const answer = await this.#answer(ask, roster);
    log.info({ member: member.name, kind: member.kind }, "joined");
    return { status: 200, body: { ...answer, initialRecord } };
  }

  async #ask(member: Member, admit: boolean): Promise<AgentWord> {
    try {
      return await this.#parts.askAgent(member, admit);
    } catch (error) {
      this.#parts.log.warn({ err: error }, "join: the agent did not answer");
      return { initialRecord: null, refused: UNANSWERED };
    }
  }

  async #answer(ask: JoinAsk, roster: Roster): Promise<Omit<JoinAnswer, "initialRecord">> {
    const { dir } = this.#parts;
    const { name, kind } = ask.member;
    const { cluster, preset } = readNodeConfig(dir);
    const caPem = readFileSync(join(dir, "pki", "ca.crt"), "utf8");
    const ca = { certificatePem: caPem, keyPem: readFileSync(join(dir, "pki", "ca.key"), "utf8") };
    const certificate = await issueCertificate(ca, cluster, name, ask.request);
    const all = readSecrets(dir);
    const shared = { cluster, preset, certificate, ca: caPem, roster };
    // A second node can admit members when this one is gone; a witness only votes.
    if (kind === "node") return { ...shared, secrets: all, caKey: ca.keyPem };
    return { ...shared, secrets: { clusterSecret: all.clusterSecret } };
  }
}

/** Of the ledger that a node leads with, or of its warm copy. */
function ledgerBytes(dir: string): number {
  const sizes = ["ledger", "follower"].map(
    (folder) => statSync(join(dir, folder, "ledger.db"), { throwIfNoEntry: false })?.size ?? 0,
  );
  return Math.max(...sizes);
}

const UNANSWERED = "The agent of this node did not answer. The token is still good: try again.";
