"""AWS clients with time-outs inside the functions' own, and one retry layer.

By botocore itself: what boto3 adds (resources, S3's transfer manager) is part of a cold start, and nobody uses it here.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.session import Session

MODELS = Path(__file__).with_name("botocore_models")

# All attempts of one call and the waits between them end before the shortest of the functions' own time-outs.
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 2, 5, 3


@cache
def create_client(service: str) -> Any:
    """A client for this service; made once, safe to share between threads."""
    return _session().create_client(service, config=client_config(service))


def client_config(service: str) -> Config:
    """How every client of the functions is set."""
    from botocore import __version__
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=20,
        # Requests are built by typed code of ours; what is wrong with one, the service says. A tenth of a call's CPU.
        parameter_validation=False,
        # A fixed one: botocore puts its own together twice for each call, a fifth of its CPU.
        user_agent=f"Botocore/{__version__} partner-certification",
        # Addresses for others to fetch from S3: without it botocore signs them in a way that new buckets refuse.
        signature_version="s3v4" if service == "s3" else None,
    )


@cache
def _session() -> Session:
    return new_session()


def new_session() -> Session:
    """botocore with our additions to its models.

    `AttributeValue` is a document there, so that botocore hands values on as they come, `{"S": "text"}`: for each of
    them it would look for ten kinds of value and copy the one that there is, a quarter of a read's CPU. Only binary
    values would need it, and the table has none.
    """
    from botocore.loaders import Loader
    from botocore.session import Session

    session = Session()
    session.register_component("data_loader", Loader(extra_search_paths=[str(MODELS)]))
    return session
