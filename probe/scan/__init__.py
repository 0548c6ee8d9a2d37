"""The static scan: what a file is and what it would do when it is loaded, found without loading it."""
