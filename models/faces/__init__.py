"""Faces: StyleGAN2, inversion, pivotal tuning, edits, stitching (Tzaban et al. 2022)."""
