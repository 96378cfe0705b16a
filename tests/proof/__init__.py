"""Proof by simulation: the real core under thousands of seeded bad days, judged from the outside."""
