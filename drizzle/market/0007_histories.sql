CREATE TABLE `histories` (
	`symbol` text PRIMARY KEY NOT NULL,
	`whole_at_ms` integer NOT NULL
);
