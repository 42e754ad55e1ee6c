"""Files that import each other: analysed as one program, and written together or not at all."""
