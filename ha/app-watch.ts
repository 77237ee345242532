/**
 * Whoever wants to know when a node has no app that could speak for itself: its board, for instance. Throws nothing
 * and waits for nothing. `reason` is for people.
 */
export type AppWatch = {
  /** It ended, was killed or cannot be started; another one is on its way. */
  appGone(reason: string): void;
  /** A warm one answers. */
  appReady(): void;
  /** This node ends, and its app is dead. */
  stop(): void;
};
