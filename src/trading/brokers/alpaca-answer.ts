import { errors } from "@alpacahq/alpaca-trade-api/rest";

/** An answer of the SDK; throws one Error that says what was asked for and why there is none. */
export async function said<T>(what: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new Error(`the broker did not tell the ${what}: ${because(error)}`, { cause: error });
  }
}

/** The cause of a failed call in its own words. */
export function because(error: unknown): string {
  if (error instanceof errors.FetchError) return error.cause.message;
  return error instanceof Error ? error.message : String(error);
}
