CREATE TABLE `cash` (
	`currency` text PRIMARY KEY NOT NULL,
	`amount` real NOT NULL,
	`synced_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `job_runs` (
	`job` text NOT NULL,
	`slot` text NOT NULL,
	`epoch` integer NOT NULL,
	`node` text NOT NULL,
	`status` text NOT NULL,
	`attempts` integer DEFAULT 1 NOT NULL,
	`started_at_ms` integer NOT NULL,
	`ended_at_ms` integer,
	`outcome` text,
	PRIMARY KEY(`job`, `slot`)
);
--> statement-breakpoint
CREATE INDEX `job_runs_open` ON `job_runs` (`job`) WHERE status <> 'completed';--> statement-breakpoint
CREATE TABLE `order_intents` (
	`slot` text NOT NULL,
	`n` integer NOT NULL,
	`client_order_id` text NOT NULL,
	`symbol` text NOT NULL,
	`side` text NOT NULL,
	`qty` integer NOT NULL,
	`reason` text NOT NULL,
	`state` text NOT NULL,
	`broker_order_id` text,
	`filled_qty` integer DEFAULT 0 NOT NULL,
	`filled_avg_price_usd` real,
	`sent_at_ms` integer,
	`updated_at_ms` integer NOT NULL,
	PRIMARY KEY(`slot`, `n`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `order_intents_client_order_id_unique` ON `order_intents` (`client_order_id`);--> statement-breakpoint
CREATE TABLE `plans` (
	`slot` text PRIMARY KEY NOT NULL,
	`epoch` integer NOT NULL,
	`node` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	`status` text NOT NULL,
	`reason` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `positions` (
	`symbol` text PRIMARY KEY NOT NULL,
	`qty` integer NOT NULL,
	`avg_price_usd` real NOT NULL,
	`synced_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `probes` (
	`n` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`value` text NOT NULL,
	`epoch` integer NOT NULL,
	`at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `settings` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `snapshots` (
	`slot` text PRIMARY KEY NOT NULL,
	`at_ms` integer NOT NULL,
	`equity_usd` real NOT NULL,
	`cash_usd` real NOT NULL
);
--> statement-breakpoint
CREATE TABLE `universe` (
	`symbol` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`industry` text NOT NULL,
	`region` text NOT NULL,
	`currency` text NOT NULL,
	`lot_size` integer DEFAULT 1 NOT NULL,
	`allow_buy` integer DEFAULT true NOT NULL,
	`allow_sell` integer DEFAULT true NOT NULL,
	`active` integer DEFAULT true NOT NULL
);
