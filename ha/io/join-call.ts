import { request as httpsRequest } from "node:https";
import { connect } from "node:tls";
import type { z } from "zod";
import { joinErrorSchema } from "./join-wire.ts";
import type { JoinAsk } from "./join-wire.ts";
import { fingerprintOf, tlsNameOf } from "./pki.ts";
import type { Token } from "./tokens.ts";
import { VERSION_HEADER, version } from "./version.ts";

/** Thrown when the cluster does not admit this member; the message is a sentence for a person. */
export class JoinError extends Error {
  override readonly name = "JoinError";
}

export type Address = Token["addresses"][number];

/** A member that proved to be of the token's cluster, and the authority that it proved it by. */
export type Desk = { readonly address: Address; readonly authority: string };

/** One request; `onAnswer` sees the other's clock, to a second, before the answer itself counts; null: it does not say. */
export type Call = {
  readonly token: Token;
  readonly path: "/join" | "/join/check";
  readonly ask: JoinAsk;
  readonly limitMs: number;
  readonly onAnswer?: (clockAheadMs: number | null) => void;
};

const ANSWER_CHARS_MAX = 64 * 1024;

const toPem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replaceAll(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;

/**
 * Fetches the chain that a server shows and gives the authority in it that has the token's fingerprint, or null: it is
 * of another cluster. Rejects where nobody answers within the limit.
 */
export async function fetchAuthority(address: Address, token: Token, limitMs: number): Promise<string | null> {
  const { promise, resolve, reject } = Promise.withResolvers<string | null>();
  // Nothing is trusted and nothing is sent on this connection: it only shows certificates to compare.
  const socket = connect({ ...address, servername: tlsNameOf(token.founder), rejectUnauthorized: false }, () => {
    let at = socket.getPeerCertificate(true);
    for (let depth = 0; depth < 4 && at?.raw !== undefined; depth += 1) {
      const pem = toPem(at.raw);
      if (fingerprintOf(pem) === token.caFingerprint) return resolve(pem);
      if (at.issuerCertificate === at) break;
      at = at.issuerCertificate;
    }
    return resolve(null);
  });
  const late = setTimeout(() => reject(new TimeoutError(limitMs)), limitMs);
  socket.on("error", reject);
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    socket.destroy();
  }
}

/** Nobody answered in time: packets are lost, as a firewall's rules make it. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";

  constructor(limitMs: number) {
    super(`no answer in ${limitMs / 1_000} s`);
  }
}

/** Makes one request to the desk of a node; throws JoinError with its refusal, or where it runs another version. */
export async function callDesk<T>(
  { address, authority }: Desk,
  { token, path, ask, limitMs, onAnswer }: Call,
  schema: z.ZodType<T>,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string; clockAheadMs: number }>();
  const body = JSON.stringify(ask);
  const askedMs = Date.now();
  const request = httpsRequest(
    {
      host: address.host,
      port: address.port,
      method: "POST",
      path,
      ca: authority,
      servername: tlsNameOf(token.founder),
      minVersion: "TLSv1.3",
      agent: false,
      signal: AbortSignal.timeout(limitMs),
      headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
    },
    (response) => {
      const { [VERSION_HEADER]: theirs, date } = response.headers;
      if (theirs !== version) request.destroy(otherVersion(token.founder, String(theirs ?? "another version")));
      // Its date has whole seconds, cut off: half of one more is the likeliest.
      const clockAheadMs = Date.parse(date ?? "") + 500 - (askedMs + Date.now()) / 2;
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > ANSWER_CHARS_MAX) request.destroy(new Error("the answer is too long"));
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text, clockAheadMs }));
    },
  );
  request.on("error", reject);
  request.end(body);
  const { status, text, clockAheadMs } = await promise.catch((error: unknown) => {
    if (error instanceof JoinError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new JoinError(`${token.founder} broke off (${why}). The same token may be tried again.`, { cause: error });
  });
  onAnswer?.(Number.isFinite(clockAheadMs) ? clockAheadMs : null);
  const value: unknown = JSON.parse(text);
  if (status === 200) return schema.parse(value);
  const error = joinErrorSchema.safeParse(value);
  throw new JoinError(error.success ? error.data.error : `The node answered ${status}.`);
}

const otherVersion = (founder: string, theirs: string): JoinError =>
  new JoinError(`${founder} runs ${theirs}, this machine ${version}. Bring both to the same version, then try again.`);
