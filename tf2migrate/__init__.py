"""TensorFlow 1 programs, rewritten as an expert would have written them in TensorFlow 2."""

__version__ = "0.1.0"
