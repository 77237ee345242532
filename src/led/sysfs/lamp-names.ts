import { existsSync } from "node:fs";
import { join } from "node:path";

/** Folder names of one LED's red, green and blue. */
type Channels = readonly [string, string, string];
export type LampNames = { readonly led1: Channels; readonly led2: Channels };

/** The board's own kernel and mainline name the two LEDs that hang on Linux differently. */
const namings: readonly LampNames[] = [
  { led1: ["red:user", "green:user", "blue:user"], led2: ["red:panic", "green:wlan", "blue:bt"] },
  {
    led1: ["unoq:user-red1", "unoq:user-green1", "unoq:user-blue1"],
    led2: ["unoq:panic-red2", "unoq:wlan-green2", "unoq:bt-blue2"],
  },
];

/** The naming that this kernel uses under `root` (`/sys/class/leds`); null where there is no such board. */
export function probeLampNames(root: string): LampNames | null {
  const present = (names: LampNames): number =>
    [...names.led1, ...names.led2].filter((name) => existsSync(join(root, name))).length;
  const [best] = namings.toSorted((a, b) => present(b) - present(a));
  return best && present(best) > 0 ? best : null;
}
