"""NUWA-Infinity (Wu et al. 2022): pictures and videos of any size, patch after patch, each patch token after token."""
