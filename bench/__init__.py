"""How fast the road is, as ratios measured in one run: `make bench`."""
