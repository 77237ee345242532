import { Argument, type Command } from "commander";
import { say } from "./output.ts";

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];

/** Adds `trader completion SHELL`: a script for the shell, made from the commands as they are. */
export function addCompletion(program: Command): void {
  program
    .command("completion")
    .description('completion for a shell: source <(trader completion bash), or "| source" in fish')
    .addArgument(new Argument("<shell>").choices(shells))
    .action((shell: Shell) => say(completionScript(program, shell)));
}

/** What may follow a line of commands, by that line: "" for the first word, "attic" for those of `trader attic`. */
type Words = ReadonlyMap<string, readonly string[]>;

/** The completion script of a command line for one shell. */
export function completionScript(program: Command, shell: Shell): string {
  const words = wordsOf(program);
  if (shell === "fish") return fishScript(program.name(), words);
  const bash = bashScript(program.name(), words);
  return shell === "zsh" ? `autoload -U +X bashcompinit && bashcompinit\n${bash}` : bash;
}

function wordsOf(command: Command, path: readonly string[] = []): Words {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const options = help.visibleOptions(command).flatMap(({ long }) => (long ? [long] : []));
  const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
  const own = [path.join(" "), [...commands.map((each) => each.name()), ...choices, ...options]] as const;
  const below = commands
    .filter((each) => command.commands.includes(each))
    .flatMap((each) => [...wordsOf(each, [...path, each.name()])]);
  return new Map([own, ...below]);
}

function bashScript(name: string, words: Words): string {
  const cases = [...words].map(([path, all]) => `    "${path}") words="${all.join(" ")}" ;;`);
  return `_${name}() {
  local word path="" words="" current="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) break ;; esac
    path="\${path:+$path }$word"
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${name} ${name}`;
}

function fishScript(name: string, words: Words): string {
  const lines = [...words].map(([path, all]) => {
    const seen = path === "" ? "__fish_use_subcommand" : `__fish_seen_subcommand_from ${path.split(" ").at(-1) ?? ""}`;
    return `complete -c ${name} -n "${seen}" -a "${all.join(" ")}"`;
  });
  return lines.join("\n");
}
