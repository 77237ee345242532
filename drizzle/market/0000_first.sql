CREATE TABLE `bars` (
	`symbol` text NOT NULL,
	`day_ms` integer NOT NULL,
	`close_usd` real NOT NULL,
	PRIMARY KEY(`symbol`, `day_ms`)
);
--> statement-breakpoint
CREATE TABLE `quotes` (
	`symbol` text PRIMARY KEY NOT NULL,
	`price_usd` real NOT NULL,
	`currency` text NOT NULL,
	`as_of_ms` integer NOT NULL,
	`fetched_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `scores` (
	`symbol` text PRIMARY KEY NOT NULL,
	`total` real NOT NULL,
	`trend` real NOT NULL,
	`momentum` real NOT NULL,
	`volatility` real NOT NULL,
	`confidence` real NOT NULL,
	`computed_at_ms` integer NOT NULL
);
