"""What a run leaves behind: the store, the archive, the explanation of one exposure."""
