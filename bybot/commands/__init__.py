"""What the command line does with sessions: through the process that holds them, or by itself when there is none."""
