"""One seed for each purpose, so that no draw depends on another."""

from __future__ import annotations

MULTIPLIER, MASK = 0x9E3779B97F4A7C15, 2**64 - 1


def seed_of(*parts: int) -> int:
    """A seed of 63 bits from any integers: the finaliser of SplitMix64 over one after the other."""
    state = 0
    for part in parts:
        state = ((state ^ (part & MASK)) * MULTIPLIER + 1) & MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
        state ^= state >> 31
    return state >> 1
