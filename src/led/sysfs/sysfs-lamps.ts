import { closeSync, constants, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Rgb } from "../display.ts";
import { type LampNames, probeLampNames } from "./lamp-names.ts";
import { dropSaved, readSaved, type SavedLamps, writeSaved } from "./saved-lamps.ts";

/** `remedy` says what a person can do; it is for the log, once. */
export type TakeOutcome =
  | { readonly kind: "taken"; readonly lamps: SysfsLamps }
  | { readonly kind: "absent" }
  | { readonly kind: "refused"; readonly reason: string; readonly remedy: string };

type Channel = { readonly name: string; readonly max: number; last: number | null };

/**
 * LED 1 and 2 of the board, which hang on Linux. Whoever takes them notes first, durably in `savedFile`, which kernel
 * trigger (Wi-Fi, Bluetooth) each had; `putBack` gives them back. The brightness of a channel is 0 or its maximum
 * on this board, so a colour is rounded to what the driver can do.
 */
export class SysfsLamps {
  readonly #root: string;
  readonly #savedFile: string;
  readonly #led1: readonly Channel[];
  readonly #led2: readonly Channel[];

  private constructor(root: string, savedFile: string, names: LampNames) {
    this.#root = root;
    this.#savedFile = savedFile;
    this.#led1 = channelsOf(root, names.led1);
    this.#led2 = channelsOf(root, names.led2);
  }

  /** Puts back what a killed run left behind, and takes the LEDs. Throws nothing. */
  static take(root: string, savedFile: string): TakeOutcome {
    putBackSaved(root, savedFile);
    const names = probeLampNames(root);
    if (names === null) return { kind: "absent" };
    const present = [...names.led1, ...names.led2].filter((name) => existsSync(join(root, name)));
    try {
      writeSaved(savedFile, Object.fromEntries(present.map((name) => [name, stateOf(join(root, name))])));
      for (const name of present) writeTo(join(root, name, "trigger"), "none");
      return { kind: "taken", lamps: new SysfsLamps(root, savedFile, names) };
    } catch (error) {
      putBackSaved(root, savedFile);
      return { kind: "refused", ...refusal(error, savedFile) };
    }
  }

  /** Writes what has changed; false when a write failed, which the next one may mend. */
  set(led1: Rgb, led2: Rgb): boolean {
    const done = [...zip(this.#led1, led1), ...zip(this.#led2, led2)].map(([channel, value]) =>
      this.#write(channel, value),
    );
    return done.every(Boolean);
  }

  /** Triggers and brightness as they were found. Synchronous, for the last moment of a process. */
  putBack(): void {
    putBackSaved(this.#root, this.#savedFile);
  }

  #write(channel: Channel, value: number): boolean {
    const level = Math.round((value / 255) * channel.max);
    if (channel.last === level) return true;
    try {
      writeTo(join(this.#root, channel.name, "brightness"), String(level));
      channel.last = level;
      return true;
    } catch {
      channel.last = null;
      return false;
    }
  }
}

/**
 * Gives back what `savedFile` notes, and forgets the note. An LED whose trigger is no longer `none` was given another
 * one since (a reboot, a person): that stands.
 */
export function putBackSaved(root: string, savedFile: string): void {
  const saved = Object.entries(readSaved(savedFile)).filter(([name]) => existsSync(join(root, name)));
  const done = saved.map(([name, before]) => putBackOne(join(root, name), before));
  // What could not be given back stays noted for the next start.
  if (done.every(Boolean)) dropSaved(savedFile);
}

function putBackOne(folder: string, before: SavedLamps[string]): boolean {
  try {
    if (stateOf(folder).trigger !== "none") return true;
    writeTo(join(folder, "brightness"), String(before.brightness));
    if (before.trigger !== "none") writeTo(join(folder, "trigger"), before.trigger);
    return true;
  } catch {
    return false;
  }
}

/** The kernel lists all triggers and puts the chosen one in brackets. */
function stateOf(folder: string): SavedLamps[string] {
  const listed = readFileSync(join(folder, "trigger"), "utf8").trim();
  const trigger = /\[([^\]]+)\]/.exec(listed)?.[1] ?? (/^[\w.:-]+$/.test(listed) ? listed : "none");
  return { trigger, brightness: numberIn(join(folder, "brightness")) ?? 0 };
}

const channelsOf = (root: string, names: readonly string[]): readonly Channel[] =>
  names.map((name) => ({
    name,
    // A channel that is not there is never written: every colour rounds to what it had.
    max: numberIn(join(root, name, "max_brightness")) ?? 0,
    last: existsSync(join(root, name)) ? null : 0,
  }));

function numberIn(path: string): number | null {
  try {
    const value = Number(readFileSync(path, "utf8").trim());
    return Number.isSafeInteger(value) && value >= 0 ? value : null;
  } catch {
    return null;
  }
}

/** Never creates a file: outside sysfs that would hide that the LED is gone. */
function writeTo(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_TRUNC);
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

const zip = (channels: readonly Channel[], colour: Rgb): readonly [Channel, number][] =>
  channels.map((channel, i) => [channel, colour[i] ?? 0]);

function refusal(error: unknown, savedFile: string): { reason: string; remedy: string } {
  const reason = error instanceof Error ? error.message : String(error);
  return reason.includes(savedFile)
    ? { reason, remedy: "the LEDs are left alone, because what they did before cannot be noted" }
    : {
        reason,
        remedy: 'let this user write them: "sudo usermod -aG gpiod $USER", or SupplementaryGroups=gpiod in its unit',
      };
}
