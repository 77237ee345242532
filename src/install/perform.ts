import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Step } from "./plan.ts";

/** Nobody logs in, nothing is copied there. */
const accountOptions = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"];
const commandLimitMs = 120_000;

/** A machine, or a folder that looks like one: everything is below `root`, and systemd is asked only where it is "/". */
export type Machine = {
  readonly root: string;
  /** Puts Litestream into this folder, which is a path of this machine. */
  readonly litestream: (folder: string) => Promise<void>;
};

/** Does one step; throws with what failed. A step that was done already does no harm. */
export async function perform(step: Step, machine: Machine): Promise<void> {
  const { root } = machine;
  const at = (path: string): string => join(root, path);
  switch (step.kind) {
    case "folder":
      mkdirSync(at(step.path), { recursive: true, mode: 0o755 });
      return;
    case "write": {
      // Beside its place and moved there: nobody reads half of one.
      const beside = `${at(step.path)}.new`;
      writeFileSync(beside, step.text, { mode: step.mode });
      chmodSync(beside, step.mode);
      return renameSync(beside, at(step.path));
    }
    case "add-user":
      if (idsOf(root, step.user) !== null) return;
      return command("useradd", [...prefix(root), ...accountOptions, "--home-dir", step.home, step.user]);
    case "own":
      return own(at(step.path), step.user, root);
    case "litestream":
      return machine.litestream(at(step.into));
    case "service":
      return service(step.verb, step.unit, root);
    case "remove":
      return rmSync(at(step.path), { force: true });
    case "remove-empty":
      return removeEmpty(at(step.path));
    case "remove-all":
      return rmSync(at(step.path), { recursive: true, force: true });
    case "remove-user":
      if (idsOf(root, step.user) === null) return;
      return command("userdel", [...prefix(root), step.user]);
  }
}

/** The user's numbers below `root`; null: there is no such user. */
export function idsOf(root: string, user: string): { readonly uid: number; readonly gid: number } | null {
  const line = readFileSync(join(root, "/etc/passwd"), "utf8")
    .split("\n")
    .find((each) => each.startsWith(`${user}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

function own(path: string, user: string, root: string): void {
  if (!existsSync(path)) return;
  const ids = user === "root" ? { uid: 0, gid: 0 } : idsOf(root, user);
  if (ids === null) throw new Error(`there is no user ${user}`);
  if (!lstatSync(path).isDirectory()) throw new Error(`${path} is not a folder of its own; a link is not followed`);
  // Neither follows a link, so that a link in there gives nothing else away.
  command("chown", ["--no-dereference", "--recursive", `${ids.uid}:${ids.gid}`, "--", path]);
  chmodSync(path, 0o700);
}

function service(verb: "reload" | "enable" | "start" | "disable", unit: string, root: string): void {
  const offline = root !== "/";
  switch (verb) {
    case "reload":
      return offline ? undefined : command("systemctl", ["daemon-reload"]);
    case "start":
      return offline ? undefined : command("systemctl", ["start", "--no-block", unit]);
    case "enable":
      return command("systemctl", [...(offline ? ["--root", root] : []), "enable", unit]);
    case "disable":
      if (!existsSync(join(root, "/etc/systemd/system", unit))) return;
      return command("systemctl", [...(offline ? ["--root", root] : ["--now"]), "disable", unit]);
  }
}

function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    // Somebody has put something there, or it is gone already.
    if (!(error instanceof Error && "code" in error && ["ENOTEMPTY", "ENOENT"].includes(String(error.code))))
      throw error;
  }
}

const prefix = (root: string): string[] => (root === "/" ? [] : ["--prefix", root]);

function command(name: string, args: readonly string[]): void {
  try {
    execFileSync(name, args, { timeout: commandLimitMs, stdio: ["ignore", "ignore", "pipe"] });
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim().split("\n").at(-1) : "";
    throw new Error(`${name} ${args.join(" ")} failed${said === "" ? "" : `: ${said}`}`, { cause });
  }
}
