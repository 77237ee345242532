CREATE TABLE `owner_orders` (
	`id` text PRIMARY KEY NOT NULL,
	`book` text NOT NULL,
	`symbol` text NOT NULL,
	`side` text NOT NULL,
	`qty` integer NOT NULL,
	`overrides` text NOT NULL,
	`made_at_ms` integer NOT NULL,
	`until_ms` integer NOT NULL,
	`waits_for` text,
	`slot` text,
	`n` integer,
	`closed` text,
	`closed_why` text
);
--> statement-breakpoint
CREATE INDEX `owner_orders_made` ON `owner_orders` (`made_at_ms`);--> statement-breakpoint
CREATE INDEX `owner_orders_place` ON `owner_orders` (`book`,`slot`,`n`);