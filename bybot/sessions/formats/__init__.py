"""Sessions of other libraries and programs, read and written: an auth key and a data centre are enough."""
