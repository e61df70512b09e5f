"""A comparison as a document that a person can send to a colleague: one HTML page, or Markdown."""
