CREATE TABLE `fundamentals` (
	`symbol` text PRIMARY KEY NOT NULL,
	`figures` text,
	`fetched_at_ms` integer NOT NULL
);
