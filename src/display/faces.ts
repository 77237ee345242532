import type { Shown } from "./follow.ts";

/** Where a display is drawn. `draw` is called ten times a second and returns at once. */
export type Face = {
  draw(shown: Shown): void;
  /** Leaves what it drew on in order. */
  stop(): void;
};
