/** JSON of a line that may hold anything; null when it is none. For zod's `preprocess`. */
export function parseOrNull(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}
