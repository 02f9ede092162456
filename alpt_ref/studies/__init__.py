"""The main jobs: each measures one claim, saves what it measured cell by cell, and returns a record of it."""
