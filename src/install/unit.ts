/** What the unit of a node or a witness depends on. All paths are absolute and plain (`plainPath`). */
export type UnitInput = {
  readonly kind: "node" | "witness";
  /** The project's own Node, and the script of the command line. */
  readonly node: string;
  readonly main: string;
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly user: string;
  /** The group that may write LED 1 and 2; null: there are none. */
  readonly ledGroup: string | null;
  /** Is something of it below /home or /root? */
  readonly inHome: boolean;
  /** Must `ping` be given its raw socket here? (Until Debian 12 its program file asks for it.) */
  readonly rawPing: boolean;
};

/** Whether a path needs no quoting in a unit. */
export const plainPath = (path: string): boolean => /^\/[\w./+-]*$/.test(path);

/** The systemd unit; a pure function of its input. */
export function unitText(input: UnitInput): string {
  const { kind, node, main, dataDir, user } = input;
  const isNode = kind === "node";
  const condition = isNode
    ? `ConditionPathExists=${dataDir}/node.json`
    : `ConditionPathExistsGlob=${dataDir}/*/node.json`;
  return `# Made by "trader install"; changes belong in a drop-in: systemctl edit ${unitName(kind)}
[Unit]
Description=Arduino Trader, ${isNode ? "a node of the pair" : "the witness of a pair"}
# Not network-online.target: a board without a network goes on as what it is.
After=network.target
# Starts once it is set up (trader ${isNode ? "init or join" : "join --witness"}).
${condition}
# Whatever happens, it is started again; who gives up after five times is no standby.
StartLimitIntervalSec=0

[Service]
Type=notify
# A helper brings the words of the main process.
NotifyAccess=all
User=${user}
${input.ledGroup === null ? "" : `SupplementaryGroups=${input.ledGroup}\n`}ExecStart=${node} --max-semi-space-size=1 --optimize-for-size ${main} ${isNode ? "run" : "witness"} --data ${dataDir}
WorkingDirectory=${dataDir}
Environment=MALLOC_ARENA_MAX=2 TRADER_CACHE=${input.cacheDir} NODE_COMPILE_CACHE=${input.cacheDir}/compiled
Restart=always
RestartSec=1
TimeoutStartSec=300
# Time for a switchover, which comes before the end; and SIGTERM for the main process only, or its children would be
# gone before.
TimeoutStopSec=30
KillMode=mixed
# A stopped process would not hear SIGABRT.
WatchdogSec=30
WatchdogSignal=SIGKILL
# One process that is killed for its memory is replaced by the main process, without a failover.
OOMPolicy=continue
MemoryHigh=${isNode ? "1G" : "192M"}
MemoryMax=${isNode ? "1400M" : "256M"}
TasksMax=${isNode ? 256 : 64}
LimitCORE=0
LimitNOFILE=8192

UMask=0077
ProtectSystem=strict
ReadWritePaths=${dataDir} ${input.cacheDir}
ProtectHome=${input.inHome ? "read-only" : "yes"}
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
NoNewPrivileges=yes
CapabilityBoundingSet=${input.rawPing ? "CAP_NET_RAW" : ""}
AmbientCapabilities=${input.rawPing ? "CAP_NET_RAW" : ""}
${input.ledGroup === null ? "ProtectKernelTunables=yes" : "# The lamps are files below /sys, which this would make read-only.\nProtectKernelTunables=no"}
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
# ping gives its privileges up with these.
SystemCallFilter=capset setuid
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

/** The unit's name: a node and a witness may share a machine. */
export const unitName = (kind: "node" | "witness"): string =>
  kind === "node" ? "trader.service" : "trader-witness.service";
