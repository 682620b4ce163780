"""What there is to try the product on: real card accounts, and a made bank."""
