"""Fuzzing: inputs made by Hypothesis and mutated by counters, each judged by a naive oracle.

``python -m tests.fuzz --minutes 10`` tries all targets in turn until the time is up, and prints how many inputs of each were
judged. It ends with 1, and the input, where one is judged otherwise than its oracle says.
"""
