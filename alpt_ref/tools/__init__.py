"""Tools that know nothing of the method: checks of arguments, files, imports, tables of text."""
