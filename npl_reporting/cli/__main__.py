"""Lets `python -m npl_reporting.cli` be the program."""

from npl_reporting.cli import main

main()
