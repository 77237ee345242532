/**
 * Whoever wants to know when a node has no app that could speak for itself: its board, for instance. Throws nothing
 * and waits for nothing. `reason` is for people.
 */
export type AppWatch = {
  /** It ended or cannot be started, or its agent replaces it, which is no fault; another one is on its way. */
  appGone(how: "failed" | "replaced", reason: string): void;
  /** A warm one answers. */
  appReady(): void;
  /** This node ends, and its app is dead. */
  stop(): void;
};
