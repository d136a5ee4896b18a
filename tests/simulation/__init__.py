"""The whole service in one process, under a seed that decides everything: what happens, when, and what goes wrong."""
