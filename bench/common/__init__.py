"""What every folder needs and none owns: errors, files, and where a number comes from."""
