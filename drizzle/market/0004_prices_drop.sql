DROP TABLE `bars`;--> statement-breakpoint
DROP TABLE `quotes`;