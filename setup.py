"""What pyproject.toml cannot say: the package's page shows README.md with links that lead somewhere.

ALPT_REF_SOURCE : the address of the repository, such as https://github.com/OWNER/alpt_ref, given when a release is built. Links
within the repository become absolute, pictures those of its raw files. Without it they stay as they are.
"""

import os
import re
from pathlib import Path

from setuptools import setup

# A link to a file beside README.md, in Markdown: [words](docs/page.md#place), or ![words](docs/picture.png).
LINK = re.compile(r"(!?)(\[[^\]]*\]\()(?!\w+:|#)([^)\s]+\))")
PAPER = "https://arxiv.org/abs/2212.05735"


def absolute(readme: str, source: str) -> str:
    """Return the text with links to files of the repository ``source``, as they are in the branch HEAD."""
    return LINK.sub(lambda link: f"{link[1]}{link[2]}{source}/{'raw' if link[1] else 'blob'}/HEAD/{link[3]}", readme)


def urls(source: str) -> dict[str, str]:
    """Return the addresses that the package's page names."""
    if not source:
        return {"Paper": PAPER}
    pages = {"Documentation": "docs", "Changelog": "CHANGELOG.md"}
    return {"Source": source, "Paper": PAPER} | {name: f"{source}/blob/HEAD/{path}" for name, path in pages.items()}


def main() -> None:
    """Build the package."""
    source = os.environ.get("ALPT_REF_SOURCE", "").rstrip("/")
    if source and not re.fullmatch(r"https://\S+", source):
        raise SystemExit(f"ALPT_REF_SOURCE must be an address https://..., got {source!r}")
    readme = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    setup(
        long_description=absolute(readme, source) if source else readme,
        long_description_content_type="text/markdown",
        project_urls=urls(source),
    )


if __name__ == "__main__":
    main()
