CREATE TABLE `blocks` (
	`symbol` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`reason` text NOT NULL,
	`since_ms` integer NOT NULL,
	`until_ms` integer NOT NULL
);
