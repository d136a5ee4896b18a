"""`make bench`: what the service costs and how fast it is, measured on real runs; see docs/performance.md."""

import os

# As the template sets it; read when the functions' code is imported.
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "PartnerCertification")
