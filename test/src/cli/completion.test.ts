import { spawnSync } from "node:child_process";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { completionScript } from "../../../src/cli/completion.ts";

function program(): Command {
  const trader = new Command("trader");
  trader.command("status").option("--watch").option("--json");
  const attic = trader.command("attic");
  attic.command("list").option("--json");
  attic.command("show");
  trader.command("internal", { hidden: true });
  return trader;
}

/** What bash itself offers after these words. */
function offered(...words: string[]): string[] {
  const line = ["trader", ...words];
  const quoted = line.map((word) => `'${word}'`).join(" ");
  const script = `${completionScript(program(), "bash")}
COMP_WORDS=(${quoted}); COMP_CWORD=${line.length - 1}; _trader; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((word) => word !== "");
}

describe("completion", () => {
  test("in bash it offers the commands, those below them, and their options", () => {
    expect(offered("")).toEqual(["status", "attic", "help", "--help"]);
    expect(offered("st")).toEqual(["status"]);
    expect(offered("attic", "")).toEqual(["list", "show", "help", "--help"]);
    expect(offered("attic", "list", "--")).toEqual(["--json", "--help"]);
    expect(offered("status", "--watch", "--")).toEqual(["--watch", "--json", "--help"]);
    expect(offered("nothing", "")).toEqual([]);
  });

  test("zsh takes bash's, fish has its own", () => {
    expect(completionScript(program(), "zsh")).toContain("bashcompinit");
    expect(completionScript(program(), "fish")).toContain(
      'complete -c trader -n "__fish_seen_subcommand_from attic" -a "list show help --help"',
    );
  });
});
