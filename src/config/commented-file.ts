import { fields } from "./fields.ts";
import { keyOf, sectionOf } from "./settings-file.ts";

/** A `trader.yml` with every setting explained and commented out, so that it changes nothing. */
export function commentedFile(): string {
  const lines = [
    "# What this node or witness does beyond its membership. All of it is optional: take the # away to set something.",
    "# A variable of the environment (in brackets) means the same and wins. Keys and passwords are in secrets.json.",
    '# Afterwards: trader config check --data DIR. In force from the next start of "trader run".',
  ];
  let section = "";
  for (const { path, variable, about, byDefault, example } of fields) {
    if (sectionOf(path) !== section) {
      section = sectionOf(path);
      lines.push("", `${section}:`);
    }
    lines.push(`  # ${about} (${variable})`, `  # ${keyOf(path)}: ${byDefault ?? example ?? ""}`);
  }
  return `${lines.join("\n")}\n`;
}
