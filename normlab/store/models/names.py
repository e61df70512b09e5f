"""Models by name: a name stands for one of its numbered versions, each of which is a job's network."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from normlab.documents.states import JobState, ModelChangeKind
from normlab.errors import NotFoundError, StateError
from normlab.store.clock import database_now
from normlab.store.jobs import jobs
from normlab.store.models.tables import ModelChange, ModelVersion, NamedModel
from normlab.store.upsert import insert


def point(session: Session, name: str, job_id: str) -> tuple[NamedModel, bool]:
    """Let the name stand for this job's network: a new version, unless the name stands for it already.

    Gives the name, and whether it is new.

    Raises:
        NotFoundError: there is no such job.
        StateError: the job has not succeeded.
    """
    job = jobs.keep(session, job_id)
    if job.state is not JobState.SUCCEEDED:
        raise StateError(f"job {job_id} is {job.state}: only a job that has succeeded can get a name")
    model, is_new = _find_or_make(session, name)
    if not is_new and _version(model, model.version).job_id == job_id:
        return model, False
    model.version_count += 1
    session.add(
        ModelVersion(name=name, version=model.version_count, job_id=job_id, created_at=database_now())
    )
    _move(session, model, model.version_count, ModelChangeKind.POINTED)
    return _fresh(session, model), is_new


def get(session: Session, name: str) -> NamedModel:
    """The name with its versions and changes.

    Raises:
        NotFoundError: there is none.
    """
    return _required(_find(session, name), name)


def page(session: Session, *, limit: int, after: str | None = None) -> Sequence[NamedModel]:
    """So many names and one more if there are more, by the alphabet, those behind ``after``."""
    query = select(NamedModel).options(selectinload(NamedModel.changes)).order_by(NamedModel.name)
    if after is not None:
        query = query.where(NamedModel.name > after)
    return session.scalars(query.limit(limit + 1)).all()


def all_versions(session: Session) -> Sequence[ModelVersion]:
    """Every version of every name, by the alphabet."""
    return session.scalars(select(ModelVersion).order_by(ModelVersion.name, ModelVersion.version)).all()


def roll_back(session: Session, name: str, version: int | None = None) -> NamedModel:
    """Let the name stand for an earlier version again; without a number for the one before the present one.

    Raises:
        NotFoundError: there is no such name or version.
        StateError: there is no version before the present one.
    """
    model = _required(_find(session, name, for_update=True), name)
    if version is None:
        earlier = [item.version for item in model.versions if item.version < model.version]
        if not earlier:
            raise StateError(f"model {name} stands for version {model.version}, and has none before it")
        version = earlier[-1]
    if _version(model, version).version != model.version:
        _move(session, model, version, ModelChangeKind.ROLLED_BACK)
    return _fresh(session, model)


def delete(session: Session, name: str) -> None:
    """Delete the name with its versions and history; the jobs stay.

    Raises:
        NotFoundError: there is none.
    """
    session.delete(_required(_find(session, name, for_update=True), name))
    session.flush()


def delete_version(session: Session, name: str, version: int) -> None:
    """Delete a version that the name does not stand for; its job stays.

    Raises:
        NotFoundError: there is no such name or version.
        StateError: the name stands for it.
    """
    model = _required(_find(session, name, for_update=True), name)
    found = _version(model, version)
    if version == model.version:
        raise StateError(
            f"model {name} stands for version {version}: point it at another job or roll it back first"
        )
    session.delete(found)
    _record(session, model, version, ModelChangeKind.VERSION_DELETED)
    session.flush()


def names_of(session: Session, job_ids: Collection[str]) -> list[str]:
    """The names that have a version which is one of these jobs."""
    query = select(ModelVersion.name).where(ModelVersion.job_id.in_(job_ids)).distinct()
    return list(session.scalars(query.order_by(ModelVersion.name)))


def forget_job(session: Session, name: str, job_id: str) -> None:
    """Take a job out of a name's versions.

    A name that stood for it then stands for the latest version that is left, and goes when none is.
    """
    model = _find(session, name, for_update=True)
    if model is not None:
        _forget(session, model, job_id)


def _forget(session: Session, model: NamedModel, job_id: str) -> None:
    kept = [item.version for item in model.versions if item.job_id != job_id]
    if not kept:
        session.delete(model)
        session.flush()
        return
    for gone in [item for item in model.versions if item.job_id == job_id]:
        session.delete(gone)
        _record(session, model, gone.version, ModelChangeKind.VERSION_DELETED)
    if model.version not in kept:
        _move(session, model, kept[-1], ModelChangeKind.ROLLED_BACK)


def _find(session: Session, name: str, *, for_update: bool = False) -> NamedModel | None:
    query = select(NamedModel).options(selectinload(NamedModel.changes)).where(NamedModel.name == name)
    if for_update:
        query = query.with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def _find_or_make(session: Session, name: str) -> tuple[NamedModel, bool]:
    """The name, which nobody else changes until the transaction's end, and whether it was made here.

    Several processes may make it at once: one INSERT wins, the others wait for its transaction and find the name.
    """
    values = {"version": 0, "version_count": 0, "change_count": 0}
    make = (
        insert(session, NamedModel)
        .values(name=name, created_at=database_now(), updated_at=database_now(), **values)
        .on_conflict_do_nothing()
        .returning(NamedModel.name)
    )
    while True:
        is_new = session.scalar(make) is not None
        model = _find(session, name, for_update=True)
        if model is not None:  # else it was deleted in between
            return model, is_new


def _required(model: NamedModel | None, name: str) -> NamedModel:
    if model is None:
        raise NotFoundError(f"there is no model {name}")
    return model


def _version(model: NamedModel, version: int) -> ModelVersion:
    for item in model.versions:
        if item.version == version:
            return item
    raise NotFoundError(f"model {model.name} has no version {version}")


def _move(session: Session, model: NamedModel, version: int, kind: ModelChangeKind) -> None:
    model.version = version
    _record(session, model, version, kind)


def _record(session: Session, model: NamedModel, version: int, kind: ModelChangeKind) -> None:
    model.change_count += 1
    model.updated_at = database_now()
    session.add(
        ModelChange(name=model.name, number=model.change_count, kind=kind, version=version, at=database_now())
    )
    session.flush()


def _fresh(session: Session, model: NamedModel) -> NamedModel:
    """As the database has it now, its clock's times included."""
    return _required(_find(session, model.name), model.name)
