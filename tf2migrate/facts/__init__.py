"""What is true of a program: read-only, with no opinion on TensorFlow 2."""
