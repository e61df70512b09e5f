"""JSON made in statements, in the words of each kind of database. The order within a group is not kept."""

from typing import Any

from sqlalchemy import ColumnElement, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class json_array(FunctionElement[Any]):  # noqa: N801 - reads as the SQL function that it is
    """An array of several values, such as columns of a row."""

    inherit_cache = True


class json_value(FunctionElement[Any]):  # noqa: N801 - reads as the SQL function that it is
    """A column of JSON as part of an array, rather than as a text."""

    inherit_cache = True


class json_text(FunctionElement[str]):  # noqa: N801 - reads as the SQL function that it is
    """A text inside a column of JSON; NULL where there is none."""

    type = Text()
    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], *path: str) -> None:
        """``path`` is of names in lower case, which become part of the statement."""
        super().__init__(column)
        self.path = path


class json_group(FunctionElement[str]):  # noqa: N801 - reads as the SQL function that it is
    """The ``json_array`` of each row in an array, as text."""

    type = Text()
    inherit_cache = True


class each_text(FunctionElement[Any]):  # noqa: N801 - reads as the SQL function that it is
    """The texts of an array, each a row."""

    inherit_cache = True


def _arguments(element: Any, compiler: SQLCompiler, options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(json_array, "sqlite")
def _array_sqlite(element: json_array, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array({_arguments(element, compiler, options)})"


@compiles(json_array, "postgresql")
def _array_postgres(element: json_array, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_build_array({_arguments(element, compiler, options)})"


@compiles(json_value, "sqlite")
def _value_sqlite(element: json_value, compiler: SQLCompiler, **options: Any) -> str:
    return f"json({_arguments(element, compiler, options)})"


@compiles(json_value, "postgresql")
def _value_postgres(element: json_value, compiler: SQLCompiler, **options: Any) -> str:
    return _arguments(element, compiler, options)


@compiles(json_text, "sqlite")
def _text_sqlite(element: json_text, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_extract({_arguments(element, compiler, options)}, '$.{'.'.join(element.path)}')"


@compiles(json_text, "postgresql")
def _text_postgres(element: json_text, compiler: SQLCompiler, **options: Any) -> str:
    path = ",".join(element.path)
    return f"({_arguments(element, compiler, options)} #>> '{{{path}}}')"


@compiles(json_group, "sqlite")
def _group_sqlite(element: json_group, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_group_array({_arguments(element, compiler, options)})"


@compiles(json_group, "postgresql")
def _group_postgres(element: json_group, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(coalesce(json_agg({_arguments(element, compiler, options)}), '[]') AS TEXT)"


@compiles(each_text, "sqlite")
def _each_sqlite(element: each_text, compiler: SQLCompiler, **options: Any) -> str:
    return f"(SELECT value FROM json_each({_arguments(element, compiler, options)}))"  # noqa: S608 - a parameter's name


@compiles(each_text, "postgresql")
def _each_postgres(element: each_text, compiler: SQLCompiler, **options: Any) -> str:
    return f"(SELECT jsonb_array_elements_text(CAST({_arguments(element, compiler, options)} AS JSONB)))"
