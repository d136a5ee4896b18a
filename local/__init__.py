"""The service on one machine: the embedded cloud, the CRM sandbox, deployment into it, the guided run."""
