"""Reports tell: a record becomes sheets and one sentence, for the terminal, for Markdown, for figures."""
