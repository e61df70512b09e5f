"""The data card: what is in a dataset, and what is wrong with it, before a network learns from it.

``making.make_card`` is the whole; each other module is one family of questions. Everything is read in blocks from
arrays that are mapped into memory, so that memory stays flat: some dozen bytes for each sample, and some numbers for
each input.
"""
