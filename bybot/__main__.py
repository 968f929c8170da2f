"""``python -m bybot``."""

from bybot.cli import main

if __name__ == "__main__":
    main()
