"""Downstream: which source repositories use which models."""
