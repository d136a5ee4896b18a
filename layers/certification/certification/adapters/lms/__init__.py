"""Learning management systems: one module for each provider behind the protocol of `domain/webhooks.py`."""
