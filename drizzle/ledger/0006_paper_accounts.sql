PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_paper_orders` (
	`account` text DEFAULT 'paper' NOT NULL,
	`client_order_id` text NOT NULL,
	`symbol` text NOT NULL,
	`side` text NOT NULL,
	`qty` integer NOT NULL,
	`submitted_at_ms` integer NOT NULL,
	`state` text NOT NULL,
	`reserved_minor` integer NOT NULL,
	`fill` text,
	PRIMARY KEY(`account`, `client_order_id`)
);
--> statement-breakpoint
INSERT INTO `__new_paper_orders`("account", "client_order_id", "symbol", "side", "qty", "submitted_at_ms", "state", "reserved_minor", "fill") SELECT 'paper', "client_order_id", "symbol", "side", "qty", "submitted_at_ms", "state", CAST(round("reserved_usd" * 100) AS INTEGER), CASE WHEN "price_usd" IS NULL THEN NULL ELSE json_object('atMs', "submitted_at_ms", 'price', "price_usd", 'currency', 'USD', 'rate', 1, 'feeMinor', 0, 'converted', NULL) END FROM `paper_orders` ORDER BY rowid;--> statement-breakpoint
DROP TABLE `paper_orders`;--> statement-breakpoint
ALTER TABLE `__new_paper_orders` RENAME TO `paper_orders`;--> statement-breakpoint
PRAGMA foreign_keys=ON;
