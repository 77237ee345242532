CREATE TABLE `paper_dividends` (
	`account` text NOT NULL,
	`symbol` text NOT NULL,
	`day_ms` integer NOT NULL,
	`at_ms` integer NOT NULL,
	`qty` real NOT NULL,
	`per_share` real NOT NULL,
	`currency` text NOT NULL,
	`minor` integer NOT NULL,
	`converted` text,
	PRIMARY KEY(`account`, `symbol`, `day_ms`)
);
