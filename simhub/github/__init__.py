"""A synthetic GitHub: repositories with known truth, and the APIs that find, describe and fetch them."""
