"""Files that people bring, read chunk by chunk: one module for each format."""
