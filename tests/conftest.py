"""What every test may rely on, whatever runs before it and however busy the machine is."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# As the template sets it: metrics that one test counted are written out in another.
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "PartnerCertification")

# A busy machine is no failure of the code: how long an example takes is not tested here.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
