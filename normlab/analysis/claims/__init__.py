"""Claims about a change to a network, and what runs say of each of them. A claim is one file in ``known``."""
