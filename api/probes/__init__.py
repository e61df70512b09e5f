"""What happens inside networks, over HTTP: measurements, and what they say."""
