"""Keep the catalogues: `python tools/translations.py update|compile|check [app/FEATURE …]`.

Every feature has its own, `app/<feature>/translations/<language>/LC_MESSAGES/messages.po`; the
texts of `app/core` are in the one of `app/ui`. `check` fails on a text that is missing, empty,
fuzzy, obsolete, has other placeholders than its source, or is translated in two ways.
"""

import argparse
import io
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module, util
from pathlib import Path
from types import ModuleType
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parent.parent
_METHODS: Final = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_OPTIONS: Final = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}
_KEYWORDS: Final = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "_l": None}
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)[sd]")
_HEADER: Final = "# Texts of {name}."


def _load_catalogues() -> ModuleType:
    """Load the module by its file: catalogues can be kept while the application does not import."""
    sys.path.insert(0, str(ROOT))  # for the one module of the kernel that it needs
    path = str(ROOT / "app/ui/catalogues.py")
    spec = util.spec_from_file_location("catalogues", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


catalogues: Final = _load_catalogues()
traditional: Final = import_module("app.core.traditional")


def extract(feature: Path) -> Catalog:
    """Collect the texts of a feature's Python and templates."""
    found = Catalog(project="baijing", fuzzy=False)
    folders = [feature, feature.parent / "core"] if feature.name == "ui" else [feature]
    for folder in folders:
        texts = extract_from_dir(
            folder,
            _METHODS,
            _OPTIONS,
            keywords=_KEYWORDS,
            comment_tags=("translators:",),
            strip_comment_tags=True,
        )
        for name, _line, text, comments, context in texts:
            where = (f"{folder.name}/{name}", 0)
            found.add(text, None, [where], auto_comments=comments, context=context)
    return found


def read(path: Path, language: str) -> Catalog:
    """Read a catalogue; one that does not exist is empty."""
    if not path.exists():
        return Catalog(locale=language, fuzzy=False)
    with path.open("rb") as source:
        return read_po(source, locale=language)


def update(feature: Path) -> list[Path]:
    """Bring a feature's catalogues up to its sources, keeping translations; return the files."""
    extracted = extract(feature)
    if len(extracted) == 0:
        return []
    written = []
    for language in catalogues.LANGUAGES:
        path = catalogues.catalogue_path(feature, language)
        catalogue = read(path, language)
        catalogue.update(extracted, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        catalogue.header_comment = _HEADER.format(name=f"app/{feature.name}")
        buffer = io.BytesIO()
        write_po(buffer, catalogue, width=100, sort_output=True, include_lineno=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_without_dates(buffer.getvalue().decode()), "utf-8")
        written.append(path)
    return written


def _without_dates(text: str) -> str:
    """Drop the header's dates and tool versions: they change without a text having changed."""
    dropped = (
        "POT-Creation-Date",
        "PO-Revision-Date",
        "Generated-By",
        "Last-Translator",
        "Language-Team",
        "Project-Id-Version",
        "Report-Msgid-Bugs-To",
    )
    lines = text.splitlines(keepends=True)
    return "".join(
        line for line in lines if not line.startswith(tuple(f'"{name}' for name in dropped))
    )


def check(feature: Path) -> Iterator[str]:
    """Yield one line per fault of a feature's catalogues."""
    extracted = {_key(message): message for message in _messages(extract(feature))}
    for language in catalogues.LANGUAGES:
        path = catalogues.catalogue_path(feature, language)
        here = f"app/{feature.name} [{language}]"
        kept = read(path, language)
        have = {_key(message): message for message in _messages(kept)}
        for key in extracted:
            if key not in have:
                yield f"{here}: missing: {key[1]!r}"
        for key, message in have.items():
            if key not in extracted:
                yield f"{here}: obsolete: {key[1]!r}"
            else:
                yield from (f"{here}: {fault}: {key[1]!r}" for fault in _faults(message))
        for obsolete in kept.obsolete.values():
            yield f"{here}: obsolete: {obsolete.id!r}"


def check_agreement(features: Iterable[Path]) -> Iterator[str]:
    """Yield one line per text that two features translate differently: the merged one has one."""
    first: dict[tuple[str, str | None, str], tuple[str, str]] = {}
    for feature in features:
        for language in catalogues.LANGUAGES:
            for message in _messages(read(catalogues.catalogue_path(feature, language), language)):
                said = str(message.string)
                key = (language, *_key(message))
                where, before = first.setdefault(key, (feature.name, said))
                if said and before and said != before:
                    yield f"{key[2]!r}: {before!r} in {where}, {said!r} in {feature.name}"


def check_review_list() -> Iterator[str]:
    """Yield one line per word of the review list that is not needed."""
    texts = [path.read_text("utf-8") for path in _simplified_sources()]
    for simplified, ours in traditional.reviewed().items():
        if not any(simplified in text for text in texts):
            yield f"{traditional.REVIEWED.name}: used nowhere: {simplified}"
        if traditional.convert(simplified) == ours:
            yield f"{traditional.REVIEWED.name}: OpenCC says so by itself: {simplified}"


def _simplified_sources() -> Iterator[Path]:
    for feature in catalogues.FEATURES:
        path = catalogues.catalogue_path(feature, "zh_Hans")
        if path.exists():
            yield path
    yield from (ROOT / "problems").glob("*/problem.yaml")
    yield from (ROOT / "problems").glob("*/statement.zh-Hans.md")
    yield from (ROOT / "scoring").rglob("*.py")


def _messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def _key(message: Message) -> tuple[str | None, str]:
    text = message.id if isinstance(message.id, str) else message.id[0]
    return (message.context, text)


def _faults(message: Message) -> Iterator[str]:
    sources = [message.id] if isinstance(message.id, str) else list(message.id)
    said = message.string or ""
    targets = [said] if isinstance(said, str) else list(said)
    if not targets or not all(targets):
        yield "not translated"
        return
    if message.fuzzy:
        yield "fuzzy"
    wanted = set(_PLACEHOLDER.findall(sources[-1]))
    if any(set(_PLACEHOLDER.findall(str(target))) != wanted for target in targets):
        yield "other placeholders than the source"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=("update", "compile", "check"))
    parser.add_argument("features", nargs="*", type=Path, help="folders; all when none is given")
    given = parser.parse_args(arguments)
    features = [path.resolve() for path in given.features] or sorted(catalogues.FEATURES)
    if given.command == "compile":
        print(f"compiled {catalogues.compile_stale(features)}")
        return 0
    if given.command == "update":
        for feature in features:
            for path in update(feature):
                print(path.relative_to(feature.parent))
        return 0
    faults = [fault for feature in features for fault in check(feature)]
    faults += check_agreement(features)
    faults += check_review_list()
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
