"""What operators run: release, smoke test, redrive, cost, software bill of materials, audit."""
