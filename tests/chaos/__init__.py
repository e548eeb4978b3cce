"""Everything that happens to servers, happening to this one, while people go on working; and who counts afterwards."""
