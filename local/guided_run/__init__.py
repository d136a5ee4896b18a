"""`make run`: the main job of the service, done on real input and shown. Everything printed is read back."""
