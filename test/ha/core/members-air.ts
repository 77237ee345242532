import type { Message } from "../../../ha/core/messages.ts";
import type { Roster } from "../../../ha/io/node-files.ts";
import type { Machine } from "./members-machine.ts";
import type { Random } from "../../simulation/random.ts";

/** What machines say to each other. */
export type Said = Message | { readonly kind: "roster"; readonly roster: Roster };
export type Datagram = {
  readonly to: Machine;
  readonly from: Machine;
  readonly stamp: { readonly id: string; readonly roster: number };
  readonly message: Said;
};

/** The network between machines: what is on its way, what is lost of it, and which paths are cut. */
export class Air {
  readonly #random: Random;
  readonly #cuts = new Map<string, number>();
  #flying: (Datagram & { readonly atMs: number })[] = [];
  /** The part of what is sent that never arrives. */
  loss = 0.02;

  constructor(random: Random) {
    this.#random = random;
  }

  /** No path is cut and nothing is lost any more. */
  calm(): void {
    this.#cuts.clear();
    this.loss = 0;
  }

  cut(from: Machine, to: Machine, untilMs: number): void {
    this.#cuts.set(pathOf(from, to), untilMs);
  }

  /** In either direction. */
  isCutBetween(one: Machine, other: Machine, nowMs: number): boolean {
    return this.#isCut(one, other, nowMs) || this.#isCut(other, one, nowMs);
  }

  #isCut(from: Machine, to: Machine, nowMs: number): boolean {
    return (this.#cuts.get(pathOf(from, to)) ?? 0) > nowMs;
  }

  /** Some of it arrives late, so that others overtake it. */
  send(datagram: Datagram, nowMs: number): void {
    if (this.#isCut(datagram.from, datagram.to, nowMs) || this.#random.chance(this.loss)) return;
    const delayMs = this.#random.chance(0.05) ? this.#random.between(50, 900) : this.#random.between(1, 20);
    this.#flying.push({ ...datagram, atMs: nowMs + delayMs });
  }

  /** What arrives by now. */
  due(nowMs: number): readonly Datagram[] {
    const due = this.#flying.filter(({ atMs }) => atMs <= nowMs);
    this.#flying = this.#flying.filter(({ atMs }) => atMs > nowMs);
    return due;
  }
}

const pathOf = (from: Machine, to: Machine): string => `${from.id}>${to.id}`;
