"""Pairs and settings in a file: written, read, checked, and taken over; also from files of other programs."""
