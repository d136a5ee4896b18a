"""The shapes of requests and answers (`contract.md`), as pydantic models: they validate, and they are the document."""
