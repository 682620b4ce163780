"""From a loan tape to a decision for every exposure."""
