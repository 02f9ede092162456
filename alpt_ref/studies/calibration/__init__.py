"""The study of predicted against true click rates."""
