CREATE TABLE `bars` (
	`symbol` text NOT NULL,
	`day_ms` integer NOT NULL,
	`close` real NOT NULL,
	`dividend` real DEFAULT 0 NOT NULL,
	PRIMARY KEY(`symbol`, `day_ms`)
);
--> statement-breakpoint
CREATE TABLE `fx_rates` (
	`currency` text PRIMARY KEY NOT NULL,
	`base` text NOT NULL,
	`per_base` real NOT NULL,
	`as_of_ms` integer NOT NULL,
	`fetched_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `quotes` (
	`symbol` text PRIMARY KEY NOT NULL,
	`price` real NOT NULL,
	`currency` text NOT NULL,
	`as_of_ms` integer NOT NULL,
	`fetched_at_ms` integer NOT NULL
);
