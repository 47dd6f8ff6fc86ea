"""StyleGAN2: pictures from codes, one row of a code for every layer."""
