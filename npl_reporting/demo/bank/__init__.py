"""A made portfolio of a mid-size Taiwanese bank: seeded, exact, the same bytes on every machine.

Nothing is simulated step by step. Each exposure is given a place in the bank (`places`), the
terms of its contract (`contracts`) and one story out of `stories.csv` (`lives`); what stands in
the ledger on a date is computed from these (`ledger`), so two quarters always agree.
"""
