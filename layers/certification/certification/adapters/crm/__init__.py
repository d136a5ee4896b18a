"""The CRMs on the wire: one module `<crm>.py` with `open_gateway` for each, which implements the port `CrmGateway`."""
