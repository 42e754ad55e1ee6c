"""The equivalence checker: the old program and the new one are run, watched and compared."""
