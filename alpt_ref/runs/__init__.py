"""Runs of one problem, traced: the call, the record, and replicas of an update of one's own."""
