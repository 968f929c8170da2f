"""Who owns a Telegram login: stored, sealed, held by one process, and given out as a live client."""
