"""Evaluation recipes, one file each; :func:`probe.claims.recipe.recipes` lists this folder."""
