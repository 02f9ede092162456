"""Tools without mathematics: checks of arguments, files, imports, sheets of text."""
