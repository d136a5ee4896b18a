"""The bill of materials names what the lock pins, and nothing else."""

from __future__ import annotations

from scripts.sbom import LOCK, bill_of_materials

from template import ROOT

LOCKED = """# made by make lock
boto3==1.44.5 \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
    # via -r requirements.in
cffi==2.1.1 ; platform_python_implementation != 'PyPy' \\
    --hash=sha256:{c}
""".format(a="a" * 64, b="b" * 64, c="c" * 64)


def test_every_pinned_package_with_its_hashes() -> None:
    document = bill_of_materials(LOCKED, name="x", version="1")
    seen = [(each["purl"], len(each["properties"])) for each in document["components"]]
    assert seen == [("pkg:pypi/boto3@1.44.5", 2), ("pkg:pypi/cffi@2.1.1", 1)]


def test_the_layers_lock_is_read_whole() -> None:
    pinned = [
        line for line in LOCK.read_text().splitlines() if "==" in line and not line.startswith((" ", "#"))
    ]
    document = bill_of_materials(LOCK.read_text(), name="x", version="1")
    assert len(document["components"]) == len(pinned) > 10
    assert all(each["properties"] for each in document["components"])


def test_lock_has_a_hash_for_every_package() -> None:
    """`--require-hashes` refuses anything else; this says so before a deployment does."""
    for lock in [LOCK, *sorted((ROOT / "requirements").glob("*.txt"))]:
        document = bill_of_materials(lock.read_text(), name="x", version="1")
        assert document["components"], lock
        assert all(each["properties"] for each in document["components"]), lock
