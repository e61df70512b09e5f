"""What both the API and the worker run beside their work."""
