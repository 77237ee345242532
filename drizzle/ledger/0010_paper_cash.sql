CREATE TABLE `paper_cash` (
	`account` text NOT NULL,
	`id` text NOT NULL,
	`at_ms` integer NOT NULL,
	`currency` text NOT NULL,
	`minor` integer NOT NULL,
	`converted` text,
	PRIMARY KEY(`account`, `id`)
);
