"""Other ways to train the same networks, each as one who knows it well would write it.

Each module has ``prepare(network, folder, ...)``, which gives a function that runs one epoch as the notebook does,
training and then validation, and returns ``{"val_accuracy": …}``.
"""
