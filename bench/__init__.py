"""Figures of bybot beside those of the best plain Telethon program, on the same sandbox in the same run."""
