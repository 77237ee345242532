ALTER TABLE `order_intents` RENAME COLUMN "filled_avg_price_usd" TO "filled_avg_price";--> statement-breakpoint
ALTER TABLE `positions` RENAME COLUMN "avg_price_usd" TO "avg_price";--> statement-breakpoint
ALTER TABLE `positions` ADD `currency` text DEFAULT 'USD' NOT NULL;--> statement-breakpoint
ALTER TABLE `snapshots` RENAME COLUMN "equity_usd" TO "equity";--> statement-breakpoint
ALTER TABLE `snapshots` RENAME COLUMN "cash_usd" TO "cash";--> statement-breakpoint
ALTER TABLE `snapshots` ADD `currency` text DEFAULT 'USD' NOT NULL;
