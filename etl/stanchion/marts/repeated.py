"""Do work once that dbt repeats in each build, each process or for each query."""

import functools
import marshal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

from stanchion.marts import kept

_FILE = "repeated"


@contextmanager
def keep_compiled(folder: Path, version: str) -> Iterator[None]:
    """Let dbt use the templates and schemas of earlier builds of this version, and keep the new ones.

    Jinja itself keeps compiled templates only if a loader reads them, and dbt compiles strings. The schemas check files
    such as dbt_project.yml; they are made from the classes of dbt.
    """
    from dbt_common import dataclass_schema
    from dbt_common.clients.jinja import MacroFuzzEnvironment

    if not (hasattr(dataclass_schema, "build_json_schema") and hasattr(MacroFuzzEnvironment, "compile")):
        yield  # another version of dbt: builds only take longer
        return
    content: Any = kept.read(folder / _FILE, version) or (marshal.dumps({}), {})
    templates: dict[tuple[str, str], CodeType] = marshal.loads(content[0])  # noqa: S302 - only this user can write it
    schemas: dict[str, Any] = content[1]
    compile_template = MacroFuzzEnvironment.compile
    build_schema = getattr(dataclass_schema, "build_json_schema")  # noqa: B009 - imported there, so mypy refuses it
    before = len(templates) + len(schemas)

    def compile_once(environment: Any, source: Any, *args: Any, **options: Any) -> Any:
        if args or options or type(source) is not str:
            return compile_template(environment, source, *args, **options)
        key = (type(environment).__name__, source)  # dbt chooses the filters and extensions by the class
        if key not in templates:
            templates[key] = compile_template(environment, source)
        return templates[key]

    def build_schema_once(kind: type) -> Any:
        name = f"{kind.__module__}.{kind.__qualname__}"
        if name not in schemas:
            schemas[name] = build_schema(kind).to_dict()
        return SimpleNamespace(to_dict=lambda: schemas[name])

    # mypy refuses the assignments
    setattr(MacroFuzzEnvironment, "compile", compile_once)  # noqa: B010
    setattr(dataclass_schema, "build_json_schema", build_schema_once)  # noqa: B010
    try:
        yield
    finally:
        delattr(MacroFuzzEnvironment, "compile")  # the inherited method is used again
        setattr(dataclass_schema, "build_json_schema", build_schema)  # noqa: B010
    if len(templates) + len(schemas) > before:
        kept.write(folder / _FILE, version, (marshal.dumps(templates), schemas))


def share_types() -> None:
    """Let results with the same text columns share their types, which contain the names of months in a dozen forms."""
    from dbt_common.clients import agate_helper

    make = getattr(agate_helper, "build_type_tester", None)
    if make is None or hasattr(make, "__wrapped__"):
        return
    make_once = functools.cache(make)

    @functools.wraps(make)
    def share(text_columns: Iterable[str], string_null_values: Iterable[str] = ("null", "")) -> Any:
        return make_once(frozenset(text_columns), tuple(string_null_values))

    setattr(agate_helper, "build_type_tester", share)  # noqa: B010 - mypy refuses the assignment
