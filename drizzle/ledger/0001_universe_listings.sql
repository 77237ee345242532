ALTER TABLE `universe` ADD `yahoo_symbol` text;--> statement-breakpoint
ALTER TABLE `universe` ADD `exchange` text;--> statement-breakpoint
ALTER TABLE `universe` RENAME COLUMN `industry` TO `industries`;--> statement-breakpoint
UPDATE `universe` SET `industries` = json_array(`industries`);
