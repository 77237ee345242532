PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_positions` (
	`book` text DEFAULT '' NOT NULL,
	`symbol` text NOT NULL,
	`qty` real NOT NULL,
	`currency` text DEFAULT 'USD' NOT NULL,
	`avg_price` real NOT NULL,
	`synced_at_ms` integer NOT NULL,
	PRIMARY KEY(`book`, `symbol`)
);
--> statement-breakpoint
INSERT INTO `__new_positions`("book", "symbol", "qty", "currency", "avg_price", "synced_at_ms") SELECT "book", "symbol", "qty", "currency", "avg_price", "synced_at_ms" FROM `positions`;--> statement-breakpoint
DROP TABLE `positions`;--> statement-breakpoint
ALTER TABLE `__new_positions` RENAME TO `positions`;--> statement-breakpoint
PRAGMA foreign_keys=ON;