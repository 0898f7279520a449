"""One job: from the first reset to the lines of its CSVs, with checkpoints on the way."""
