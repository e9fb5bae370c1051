"""Relations between people and the brand: how long they last, what ends them, what they are worth.

Shared by the touchpoint audit, the pool of the link reconstruction and the growth plan.
"""
