"""vid2vid (Wang et al. 2018): label maps in, video out."""
