"""Trained networks on corrupted pictures: NumPy, Pillow and onnxruntime, no TensorFlow."""
