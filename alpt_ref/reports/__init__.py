"""Reports tell what studies measured: on a terminal, in Markdown, as figures."""
