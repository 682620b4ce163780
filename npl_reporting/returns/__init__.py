"""From decisions to the supervisor's return: cells, checks, pages, PDF."""
