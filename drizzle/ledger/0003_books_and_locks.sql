CREATE TABLE `locks` (
	`book` text DEFAULT '' NOT NULL,
	`name` text NOT NULL,
	`blocks` text NOT NULL,
	`symbol` text,
	`reason` text NOT NULL,
	`since_ms` integer NOT NULL,
	`until_ms` integer,
	`ends` text NOT NULL,
	PRIMARY KEY(`book`, `name`)
);
--> statement-breakpoint
CREATE TABLE `paper_orders` (
	`client_order_id` text PRIMARY KEY NOT NULL,
	`symbol` text NOT NULL,
	`side` text NOT NULL,
	`qty` integer NOT NULL,
	`submitted_at_ms` integer NOT NULL,
	`state` text NOT NULL,
	`reserved_usd` real NOT NULL,
	`price_usd` real
);
--> statement-breakpoint
PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_order_intents` (
	`book` text DEFAULT '' NOT NULL,
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
	PRIMARY KEY(`book`, `slot`, `n`)
);
--> statement-breakpoint
INSERT INTO `__new_order_intents`("book", "slot", "n", "client_order_id", "symbol", "side", "qty", "reason", "state", "broker_order_id", "filled_qty", "filled_avg_price_usd", "sent_at_ms", "updated_at_ms") SELECT '', "slot", "n", "client_order_id", "symbol", "side", "qty", "reason", "state", "broker_order_id", "filled_qty", "filled_avg_price_usd", "sent_at_ms", "updated_at_ms" FROM `order_intents`;--> statement-breakpoint
DROP TABLE `order_intents`;--> statement-breakpoint
ALTER TABLE `__new_order_intents` RENAME TO `order_intents`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
CREATE UNIQUE INDEX `order_intents_id` ON `order_intents` (`book`,`client_order_id`);--> statement-breakpoint
CREATE TABLE `__new_cash` (
	`book` text DEFAULT '' NOT NULL,
	`currency` text NOT NULL,
	`amount` real NOT NULL,
	`synced_at_ms` integer NOT NULL,
	PRIMARY KEY(`book`, `currency`)
);
--> statement-breakpoint
INSERT INTO `__new_cash`("book", "currency", "amount", "synced_at_ms") SELECT '', "currency", "amount", "synced_at_ms" FROM `cash`;--> statement-breakpoint
DROP TABLE `cash`;--> statement-breakpoint
ALTER TABLE `__new_cash` RENAME TO `cash`;--> statement-breakpoint
CREATE TABLE `__new_plans` (
	`book` text DEFAULT '' NOT NULL,
	`slot` text NOT NULL,
	`epoch` integer NOT NULL,
	`node` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	`status` text NOT NULL,
	`reason` text NOT NULL,
	`considered` text,
	PRIMARY KEY(`book`, `slot`)
);
--> statement-breakpoint
INSERT INTO `__new_plans`("book", "slot", "epoch", "node", "created_at_ms", "status", "reason", "considered") SELECT '', "slot", "epoch", "node", "created_at_ms", "status", "reason", "considered" FROM `plans`;--> statement-breakpoint
DROP TABLE `plans`;--> statement-breakpoint
ALTER TABLE `__new_plans` RENAME TO `plans`;--> statement-breakpoint
CREATE TABLE `__new_positions` (
	`book` text DEFAULT '' NOT NULL,
	`symbol` text NOT NULL,
	`qty` integer NOT NULL,
	`avg_price_usd` real NOT NULL,
	`synced_at_ms` integer NOT NULL,
	PRIMARY KEY(`book`, `symbol`)
);
--> statement-breakpoint
INSERT INTO `__new_positions`("book", "symbol", "qty", "avg_price_usd", "synced_at_ms") SELECT '', "symbol", "qty", "avg_price_usd", "synced_at_ms" FROM `positions`;--> statement-breakpoint
DROP TABLE `positions`;--> statement-breakpoint
ALTER TABLE `__new_positions` RENAME TO `positions`;--> statement-breakpoint
CREATE TABLE `__new_snapshots` (
	`book` text DEFAULT '' NOT NULL,
	`slot` text NOT NULL,
	`at_ms` integer NOT NULL,
	`equity_usd` real NOT NULL,
	`cash_usd` real NOT NULL,
	PRIMARY KEY(`book`, `slot`)
);
--> statement-breakpoint
INSERT INTO `__new_snapshots`("book", "slot", "at_ms", "equity_usd", "cash_usd") SELECT '', "slot", "at_ms", "equity_usd", "cash_usd" FROM `snapshots`;--> statement-breakpoint
DROP TABLE `snapshots`;--> statement-breakpoint
ALTER TABLE `__new_snapshots` RENAME TO `snapshots`;--> statement-breakpoint
CREATE INDEX `snapshots_at` ON `snapshots` (`book`,`at_ms`);