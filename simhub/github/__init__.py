"""A synthetic GitHub: repositories with known truth, and the APIs through which they are found, described and fetched."""
