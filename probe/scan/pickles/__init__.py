"""Pickles read without running them: an abstract machine over the opcodes, a policy of names, and a judge."""
