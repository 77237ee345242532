import { decodeMultiStream, encode } from "@msgpack/msgpack";
import { z } from "zod";

/** The microcontroller's end jams on a request of more than 256 bytes, so whole messages stay below this. */
export const messageBytesMax = 200;
/** The router gives each request an id of its own on its way; the longest takes nine bytes. */
const idBytesSpared = 8;

const request = z.tuple([z.literal(0), z.int(), z.string(), z.array(z.unknown())]);
const response = z.tuple([z.literal(1), z.int(), z.unknown(), z.unknown()]);
const notification = z.tuple([z.literal(2), z.string(), z.array(z.unknown())]);
/** The router's errors are a code and a text; a sketch's may be anything. */
const routerError = z.tuple([z.int(), z.string()]);

/** 2 is the router's code for a method that nobody provides, 5 for one that another connection provides. */
export const errorCodes = { notAvailable: 2, alreadyExists: 5 } as const;

export type RpcMessage =
  | { readonly kind: "request"; readonly id: number; readonly method: string }
  | { readonly kind: "notification"; readonly method: string }
  | { readonly kind: "result"; readonly id: number; readonly result: unknown }
  | { readonly kind: "error"; readonly id: number; readonly code: number; readonly text: string };

/** A request as it goes over the wire. Throws when it could jam the microcontroller. */
export function encodeRequest(id: number, method: string, params: readonly unknown[]): Uint8Array {
  const bytes = encode([0, id, method, params]);
  if (bytes.length + idBytesSpared > messageBytesMax) throw new Error(`${method}: ${bytes.length} bytes are too many`);
  return bytes;
}

export const encodeAnswer = (id: number, error: readonly [number, string] | null): Uint8Array =>
  encode([1, id, error, error === null ? true : null]);

/**
 * Messages of a connection, one after another, until it ends; throws on bytes that are no MessagePack. What is no
 * message of MessagePack-RPC is passed over.
 */
export async function* readMessages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RpcMessage> {
  // Bounds, so that no length in a broken stream makes this process collect megabytes.
  const decoded = decodeMultiStream<undefined>(chunks, {
    maxStrLength: 8192,
    maxBinLength: 8192,
    maxArrayLength: 256,
    maxMapLength: 256,
    maxExtLength: 1024,
  });
  for await (const value of decoded) {
    const message = messageOf(value);
    if (message !== null) yield message;
  }
}

function messageOf(value: unknown): RpcMessage | null {
  const asked = request.safeParse(value);
  if (asked.success) return { kind: "request", id: asked.data[1], method: asked.data[2] };
  const told = notification.safeParse(value);
  if (told.success) return { kind: "notification", method: told.data[1] };
  const answered = response.safeParse(value);
  if (!answered.success) return null;
  const [, id, error, result] = answered.data;
  if (error === null || error === undefined) return { kind: "result", id, result };
  const known = routerError.safeParse(error);
  const [code, text] = known.success ? known.data : [-1, JSON.stringify(error).slice(0, 200)];
  return { kind: "error", id, code, text };
}
