"""A CRM sandbox: HubSpot under `/hubspot`, Salesforce under `/salesforce`, with their paths, bodies and refusals.

`python -m local.crm_sandbox --port 5067 [--state DIR]`. Records are shown at `/`. Both faces also answer without their
prefix. HubSpot takes the token `sandbox-hubspot-token`; Salesforce the client `sandbox-client` with `sandbox-secret`,
and JWT bearer assertions of the user `sandbox@partner.example`.

What tests and demonstrations do from outside goes to `/_control/…`, without a token (the server listens on loopback):

    POST   /_control/records     {"crm", "object", "properties", "id"?}   put a record there, past all rules → {"id"}
    GET    /_control/records?crm=&object=&property=&value=                → {"records": [{"id", "properties", …}]}
    DELETE /_control/records     {"crm", "object", "id"}                  delete it, as a person would
    POST   /_control/merge       {"crm", "object", "id", "into"}          merge it into another one
    POST   /_control/properties  {"crm", "object", "property": {…}}       create or change a property (custom field)
    POST   /_control/faults      {"crm", "kind", "count"?, "path"?, …}    misbehave, see `faults.py`; GET, DELETE
    GET    /_control/calls                                                how often who was called; DELETE: from zero
    POST   /_control/jwt         {"public_key": PEM}                      from now on check JWT signatures with it
    POST   /_control/reset                                                as in the beginning

Objects are `contacts`, `companies` (HubSpot) and `Contact`, `Account` (Salesforce).
"""
