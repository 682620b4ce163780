"""Law as data: strict YAML, one expression language, rulebooks."""
