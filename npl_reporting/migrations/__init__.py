"""The steps that bring a store to the present schema; each file in versions/ is one step."""
