"""One detector a file; each holds one class and `DETECTOR`, an instance of it."""
