"""The pytest plugin: options, and what ties ``alpt_ref.testing.contract``, ``parametrize_with_properties`` and the workers of
pytest-xdist together. Every pytest loads it, so it imports nothing heavy."""

import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from alpt_ref.testing.ledger import Examined

CONTRACT = "alpt_ref.testing.contract"
RESULTS = "alpt_ref.reports.in_pytest"  # the plugin that writes files
FOLDER = pytest.StashKey[Path]()
EXAMINED = pytest.StashKey["list[Examined]"]()
FILES = {"json": "a JSON file, as alpt-ref check-quantizer --json writes it", "html": "a page"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options --alpt-quantizer, --alpt-level, --alpt-json and --alpt-html."""
    group = parser.getgroup("alpt_ref", f"conformance of quantizers (pytest --pyargs {CONTRACT})")
    told = "the adapter of a quantizer to check; may be given several times"
    group.addoption("--alpt-quantizer", metavar="MODULE:NAME", action="append", default=[], help=told)
    group.addoption("--alpt-level", metavar="LEVEL", default="default", help="quick, default or thorough")
    for kind, what in FILES.items():
        group.addoption(
            f"--alpt-{kind}", metavar="FILE", help=f"write what was found to {what}; of several quantizers, one for each"
        )


def pytest_configure(config: pytest.Config) -> None:
    """Make up the name of the folder that workers share; refuse what is wrong now, in one sentence (UsageError), before any
    worker begins."""
    given = getattr(config, "workerinput", {}).get("alpt_ref")
    config.stash[FOLDER] = Path(given or f"{tempfile.gettempdir()}/alpt_ref-{secrets.token_hex(8)}")
    if given is None and any(config.getoption(f"--alpt-{kind}") for kind in FILES):
        config.pluginmanager.import_plugin(RESULTS)  # by its name: this module knows nothing of reports
    if any(_is_contract(argument.partition("::")[0]) for argument in config.args):
        examined(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist the folder that it shares with the others."""
    node.workerinput["alpt_ref"] = str(node.config.stash[FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder, if this is not a worker and any was made."""
    if FOLDER in config.stash and not hasattr(config, "workerinput"):
        shutil.rmtree(config.stash[FOLDER], ignore_errors=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> Any:
    """Collect the contract as properties of adapters, not as a module."""
    if not _is_contract(str(module_path)):
        return None
    examined(parent.config)
    from alpt_ref.testing.contract import Contract

    return Contract.from_parent(parent, path=module_path, nodeid=CONTRACT)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the checks of parametrize_with_properties share the folder."""
    if module := sys.modules.get("alpt_ref.testing.parametrize"):
        for item in items:
            for value in getattr(getattr(item, "callspec", None), "params", {}).values():
                if isinstance(value, module.Check):
                    value.share(config.stash[FOLDER])


def examined(config: pytest.Config) -> "list[Examined]":
    """The adapters that --alpt-quantizer names, each loaded once. Raises UsageError, one sentence, where there is none."""
    if EXAMINED not in config.stash:
        from alpt_ref.testing.adapter import Candidate
        from alpt_ref.testing.ledger import Examined
        from alpt_ref.testing.suite import level_of

        names = dict.fromkeys(config.getoption("--alpt-quantizer"))
        if not names:
            raise pytest.UsageError("--alpt-quantizer MODULE:NAME is missing: the adapter of the quantizer to check")
        try:
            level = level_of(config.getoption("--alpt-level"))
            config.stash[EXAMINED] = [Examined(Candidate.load(name), level, name, config.stash[FOLDER]) for name in names]
        except ValueError as error:
            raise pytest.UsageError(str(error)) from None
    return config.stash[EXAMINED]


def _is_contract(argument: str) -> bool:
    """True where an argument of pytest, or a path, is the contract."""
    place = Path(__file__).with_name("contract.py")
    return argument == CONTRACT or (argument.endswith(place.name) and Path(argument).resolve() == place.resolve())
