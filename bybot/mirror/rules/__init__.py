"""What a person wants changed or left out on the way: pure functions over texts, entities and facts of posts."""
