"""What the sandbox assumes about Telegram and nobody has seen proved: asked of whichever Telegram is there."""
