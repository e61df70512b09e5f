"""What all routes share: bodies, errors, parameters, negotiation."""
