import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { verifyPassword } from "./admin-password.ts";
import { callerAddress, LoginLimit } from "./login-limit.ts";

/** Each guess takes 32 MB: one is judged at a time, and no more than these wait. */
const strangersWaitingMax = 4;
const waitingMax = 8;

export type Attempt = {
  readonly password: string;
  readonly address: string;
  /** It sits on this machine. */
  readonly isLocal: boolean;
  /** What this browser was given when it logged in before. */
  readonly device: string | null;
  readonly passwordHash: string | null;
  /** Monotonic. */
  readonly nowMs: number;
};

export type LoginOutcome =
  | { readonly kind: "right"; readonly device: string }
  | { readonly kind: "wrong" }
  | { readonly kind: "wait"; readonly waitMs: number }
  | { readonly kind: "unset" };

/** Judges passwords, as often and as many at once as it may. */
export class Login {
  readonly #limit = new LoginLimit();
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  async attempt({ password, address, isLocal, device, passwordHash, nowMs }: Attempt): Promise<LoginOutcome> {
    if (passwordHash === null) return { kind: "unset" };
    const isDevice = device !== null && isDeviceOf(device, passwordHash);
    const isKnown = isDevice || isLocal;
    const caller = isDevice ? `device ${device}` : isLocal ? "this machine" : callerAddress(address);
    if (this.#waiting >= (isKnown ? waitingMax : strangersWaitingMax)) return { kind: "wait", waitMs: 1_000 };
    const waitMs = this.#limit.admit(caller, isKnown, nowMs);
    if (waitMs > 0) return { kind: "wait", waitMs };
    if (!(await this.#inTurn(() => verifyPassword(password, passwordHash)))) return { kind: "wrong" };
    this.#limit.succeeded(caller);
    return { kind: "right", device: isDevice ? device : newDevice(passwordHash) };
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => {});
    try {
      return await mine;
    } finally {
      this.#waiting--;
    }
  }
}

/** A browser's name and this password's seal on it: nothing is stored, and a new password forgets all browsers. */
function newDevice(passwordHash: string): string {
  const name = randomBytes(12).toString("base64url");
  return `${name}.${sealOf(name, passwordHash)}`;
}

function isDeviceOf(device: string, passwordHash: string): boolean {
  const [, name, seal] = /^([\w-]{16})\.([\w-]{43})$/.exec(device) ?? [];
  if (name === undefined || seal === undefined) return false;
  return timingSafeEqual(Buffer.from(seal), Buffer.from(sealOf(name, passwordHash)));
}

const sealOf = (name: string, passwordHash: string): string =>
  createHmac("sha256", passwordHash).update(`trader: a browser that logged in, ${name}`).digest("base64url");
