CREATE TABLE `account_days` (
	`book` text NOT NULL,
	`day_ms` integer NOT NULL,
	`day` text NOT NULL,
	PRIMARY KEY(`book`, `day_ms`)
);
--> statement-breakpoint
CREATE TABLE `movements` (
	`book` text NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`at_ms` integer NOT NULL,
	`currency` text NOT NULL,
	`minor` integer NOT NULL,
	`symbol` text,
	`qty` real,
	`price` real,
	`to_currency` text,
	`to_minor` integer,
	`rate` real,
	`note` text NOT NULL,
	PRIMARY KEY(`book`, `id`)
);
--> statement-breakpoint
CREATE INDEX `movements_at` ON `movements` (`book`,`at_ms`);