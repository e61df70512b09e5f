"""What a run's measurements say is wrong inside its network, or that nothing is."""
