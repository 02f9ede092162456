"""The main jobs: each measures one claim, saves what it measured, and says what it found."""
