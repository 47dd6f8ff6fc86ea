"""Optical flow: fields, warping, estimators, pictures of flow."""
