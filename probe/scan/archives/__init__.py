"""Archives taken apart by hand: what their headers claim, side by side, and the bytes they point at."""
