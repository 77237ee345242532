ALTER TABLE `scores` DROP COLUMN `trend`;--> statement-breakpoint
ALTER TABLE `scores` DROP COLUMN `momentum`;--> statement-breakpoint
ALTER TABLE `scores` DROP COLUMN `volatility`;