"""Recordings: folders of signals, the offline form of everything (DESIGN §8)."""
