"""What all tables share: the base class and the column types."""

import math
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, cast

from sqlalchemy import JSON, Dialect, Enum, Float, MetaData, Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from normlab.store.clock import UtcTime

# None is SQL's NULL, not a JSON null.
_JSON = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def text_enum(enum: type[StrEnum]) -> Enum:
    """The column type of an enum."""
    # Text without a database type or CHECK: a new member needs no migration.
    return Enum(
        enum,
        native_enum=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


class AnyFloat(TypeDecorator[float]):
    """A number of double precision that may be NaN.

    SQLite takes a NaN for NULL. There it is the text ``NaN``, which stands behind all numbers in an order, as NaN does
    on Postgres. The infinities need no help.
    """

    impl = Float(53)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        """NaN as text on SQLite. The whole processor, since that of ``Float`` would make a number of the text again."""
        return _nan_as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> float | None:  # noqa: ARG002 - SQLAlchemy's signature
        """NaN from text."""
        return None if value is None else float(value)


def _nan_as_text(value: float | None) -> float | str | None:
    return "NaN" if value is not None and math.isnan(value) else value


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcTime(),
        dict[str, Any]: _JSON,
        list[dict[str, Any]]: _JSON,
        float: AnyFloat(),
    }


def table_of(rows: type[Base]) -> Table:
    """The table of a class of rows. Statements on it are made once, skip the object-relational layer and give plain
    tuples: for what is asked often."""
    return cast(Table, rows.__table__)
