"""Few-shot vid2vid (Wang et al. 2019): a driver and one or a few exemplars in, video of the exemplars' subject out."""
