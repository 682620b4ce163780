"""Regulatory reporting of non-performing loans: loan tape in, return and proof out."""

__version__ = "0.1.0"
