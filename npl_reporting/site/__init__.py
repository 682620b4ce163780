"""The review site: what the store holds, read in a browser, and the steps that persons take there."""
