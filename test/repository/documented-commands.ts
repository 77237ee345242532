/** `by`: the suite that types this command as it stands. `not`: why nobody does, and `by`, what is checked instead. */
type Execution = { readonly by: string; readonly not?: string };

const firstHour: Execution = { by: "test/e2e/first-hour.hard.test.ts" };
const runbooks: Execution = { by: "test/e2e/runbooks.hard.test.ts" };
const noSystemd = "it needs a machine that runs systemd";

/** Every command of the documents' `sh` blocks. */
export const executedBy: Readonly<Record<string, Execution>> = {
  "npm ci && npm run demo": {
    by: "test/e2e/demo.test.ts",
    not: "npm ci is the gate's own first step (.ci/run): here it would replace what this runs on",
  },
  "npm ci && npm test": { by: ".ci/run", not: "it is what runs this" },

  "npx trader init --data ~/trader": firstHour,
  "npx trader witness --join TOKEN --data ~/witness": firstHour,
  "npx trader join TOKEN --data ~/trader": firstHour,
  "npx trader run --data ~/trader": firstHour,
  "npx trader status --data ~/trader": firstHour,

  "sudo npx trader install": { by: "test/e2e/service.hard.test.ts", not: noSystemd },
  "sudo npx trader uninstall": { by: "test/src/cli/install.test.ts", not: noSystemd },

  "npx trader token --data ~/trader --kind node": runbooks,
  "npx trader token --data ~/trader --kind witness": runbooks,
  "npx trader token --data ~/trader": runbooks,
  "npx trader arbiter manual --data ~/trader": runbooks,
  "npx trader arbiter witness --data ~/trader": runbooks,
  "npx trader arbiter standalone --data ~/trader": runbooks,
  "npx trader arbiter manual --data ~/trader --yes": runbooks,
  "npx trader arbiter witness --data ~/trader --yes": runbooks,
  "npx trader retire uno-b --data ~/trader": runbooks,
  "npx trader retire uno-a --data ~/trader --yes": runbooks,
  "npx trader retire witness --data ~/trader --yes": runbooks,
  "npx trader members --data ~/trader": runbooks,
  "npx trader config init --data ~/trader": runbooks,
  "npx trader config check --data ~/trader": runbooks,
  "npx trader config show --data ~/trader": runbooks,
  "npx trader join TOKEN --data ~/trader --name uno-a": runbooks,
  "npx trader address uno-a 10.0.0.10 --data ~/trader": runbooks,
  "npx trader address uno-b 10.0.0.11 --data ~/trader": runbooks,
  "npx trader address witness 10.0.0.12 --data ~/trader": runbooks,
  "npx trader switchover --data ~/trader --yes": runbooks,
  "npx trader maintenance on --data ~/trader": runbooks,
  "npx trader maintenance off --data ~/trader": runbooks,
  "litestream restore -o restored.db file://$HOME/trader/replica/e/EPOCH": runbooks,
  "cp ~/trader/ledger/ledger.db* .": runbooks,
  "npx trader init --data ~/trader --arbiter standalone --yes": runbooks,
  "cp restored.db ~/trader/ledger/ledger.db": runbooks,

  "avahi-browse -rpt _arduino-trader._tcp": {
    by: "test/e2e/net-avahi.ts",
    not: "the suite has a bus of its own for each machine, and types it with that",
  },
  "avahi-resolve -4 -n trader-CLUSTER.local": {
    by: "test/e2e/net-avahi.ts",
    not: "the suite has a bus of its own for each machine, and types it with that",
  },
};

/** Commands between backticks in the text that no test runs, and why; those of `npm run` and `trader` are looked up. */
export const notExecuted: Readonly<Record<string, string>> = {
  "docker build -t arduino-trader -f docker/Dockerfile .":
    "it needs a container engine; hadolint judges the file in .ci/run",
  "docker compose -f docker/compose.yaml up":
    "it needs a container engine; shellcheck judges what it starts in .ci/run",
  "docker/try": "it needs a container engine; shellcheck judges it in .ci/run",
};

/** What a suite has to type. */
export const typedBy = (suite: string): readonly string[] =>
  Object.entries(executedBy).flatMap(([text, { by, not }]) => (by === suite && not === undefined ? [text] : []));
