"""Reports as the machine-readable files that an authority accepts; definitions are data."""
