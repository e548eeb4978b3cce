"""The edge of the house: Slack, the clock, webhooks. All words a person reads are here."""
