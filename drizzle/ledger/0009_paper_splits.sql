CREATE TABLE `paper_splits` (
	`symbol` text NOT NULL,
	`day_ms` integer NOT NULL,
	`at_ms` integer NOT NULL,
	`new_shares` real NOT NULL,
	`old_shares` real NOT NULL,
	PRIMARY KEY(`symbol`, `day_ms`)
);
