"""Label maps: palettes, encodings, edits."""
