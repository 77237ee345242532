import { CliError } from "./exit.ts";

/**
 * Puts what `trader.yml` says into this process's environment, where nothing is set there: everything that is started
 * from here has it. Throws after one line for each mistake.
 */
export async function adoptSettings(dataDir: string): Promise<void> {
  const { problemLine, readSettings, settingsName } = await import("../config/read-settings.ts");
  const { given, problems } = readSettings(dataDir);
  for (const problem of problems) process.stderr.write(`${problemLine(dataDir, problem)}\n`);
  if (problems.length > 0) {
    throw new CliError(
      `${settingsName} has ${problems.length === 1 ? "a mistake" : `${problems.length} mistakes`}; nothing was started.`,
    );
  }
  for (const { field, text } of given) process.env[field.variable] ??= text;
}
