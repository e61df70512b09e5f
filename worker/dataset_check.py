"""From an uploaded file to decoded arrays on this machine and in the artifact store, and the data card."""

import shutil
from pathlib import Path

from pydantic import ValidationError

from normlab.documents.dataset_versions import CheckPhase
from normlab.errors import DatasetError, sentence_of
from normlab.settings import Settings
from normlab.spec.dataset_content import DatasetContent
from normlab.spec.dataset_options import DatasetOptions
from normlab.spec.limits import DatasetLimits
from normlab.spec.problems import validation_problems
from normlab.store import ArtifactStore
from normlab.store.datasets.checks import Checked, StoredArray, Taken
from normlab.store.datasets.versions import DECODED, PICTURES
from normlab.training.datasets import decoded
from normlab.training.datasets.arrays import Arrays
from normlab.training.datasets.assembling import Assembled, assemble
from normlab.training.datasets.card.making import make_card
from normlab.training.datasets.disk import one_process_at_a_time, publish
from normlab.training.datasets.readers.base import ReadingOptions
from normlab.training.datasets.readers.detect import open_reader
from normlab.training.datasets.splitting import Splitting
from normlab.training.datasets.uploaded import content_folder
from worker.dataset_watch import Watch


def check(settings: Settings, store: ArtifactStore, taken: Taken, watch: Watch, work: Path) -> Checked:
    """Read a version's file, keep what is in it, and describe it. ``work`` is a folder to be made, beside those of
    decoded arrays; the caller removes it.

    Raises:
        DatasetError: It cannot be used; the sentence says why and what would be right.
        ArtifactError: The artifact store does not give or take a file.
        StoppedError: The watch said so.
        OSError: The disk is full.
    """
    work.mkdir(parents=True)
    assembled = _read(settings, store, taken, watch, work)
    content = _content(assembled)
    watch.tell(CheckPhase.DESCRIBING)
    opened = decoded.read(assembled.folder)
    if opened is None:
        raise OSError(f"what was just written to {assembled.folder} cannot be read: is the disk failing?")
    samples = assembled.training_samples + assembled.test_samples
    card = make_card(
        opened.arrays,
        content,
        assembled.notices,
        assembled.origins,
        progress=lambda done: watch.tell(CheckPhase.DESCRIBING, samples=done, fraction=done / samples),
    )
    arrays = {f"{DECODED}{part}.npy": assembled.folder / f"{part}.npy" for part in Arrays._fields}
    files = _store(store, taken, watch, arrays | _written(card.pictures, work))
    _keep(settings, assembled)
    return Checked(
        content=content.model_dump(mode="json"),
        reading={
            "format": assembled.format,
            "parts": {str(part): how for part, how in assembled.made.items()},
            "seed": assembled.seed,
            "extra": dict(assembled.extra),
        },
        card=card.document.model_dump(mode="json"),
        files=files,
    )


def reading_options(options: DatasetOptions, limits: DatasetLimits) -> ReadingOptions:
    """What readers are told."""
    size = options.image_size
    return ReadingOptions(
        label_column=options.label_column,
        split_column=options.split_column,
        group_column=options.group_column,
        time_column=options.time_column,
        kind=options.kind,
        task=options.task,
        category_columns=_names(options.category_columns),
        ignore_columns=_names(options.ignore_columns),
        header=options.header,
        turn=options.turn,
        image_size=None if size is None else _height_and_width(size),
        limits=limits,
    )


def _names(listed: str | None) -> tuple[str, ...]:
    return () if listed is None else tuple(name.strip() for name in listed.split(","))


def _height_and_width(size: str) -> tuple[int, int]:
    height, width = size.split("x")
    return int(height), int(width)


def _read(
    settings: Settings,
    store: ArtifactStore,
    taken: Taken,
    watch: Watch,
    work: Path,
) -> Assembled:
    options = DatasetOptions.model_validate(taken.options)
    watch.tell(CheckPhase.FETCHING)
    path = store.local_path(taken.source.path)
    if path is None:
        path = work / "source"
        what = f"the file of version {taken.version} of dataset {taken.name}"
        store.fetch_file(taken.source.path, taken.source.sha256, what, path)
    watch.tell(CheckPhase.READING, samples=0)
    splitting = Splitting(
        validation=options.validation,
        test_fraction=options.test_fraction,
        validation_fraction=options.validation_fraction,
        validation_samples=options.validation_samples,
        seed=options.seed,
    )
    return assemble(
        open_reader(path, reading_options(options, settings.dataset_limits)),
        work / "data",
        splitting=splitting,
        limits=settings.dataset_limits,
        progress=lambda samples: watch.tell(CheckPhase.READING, samples=samples),
    )


def _content(assembled: Assembled) -> DatasetContent:
    """What specs have of it.

    Raises:
        DatasetError: No spec can have it.
    """
    body = {field: getattr(assembled, field) for field in DatasetContent.model_fields}
    try:
        return DatasetContent.model_validate(body)
    except ValidationError as error:
        problems = validation_problems(error.errors(include_url=False), DatasetContent, body)
        raise DatasetError(sentence_of([str(problem) for problem in problems[:_NAMED]], 0)) from None


_NAMED = 3
"""So many of the things that are wrong with it are named."""


def _written(pictures: dict[str, bytes], work: Path) -> dict[str, Path]:
    folder = work / "pictures"
    folder.mkdir()
    files = {}
    for name, content in pictures.items():
        path = files[f"{PICTURES}{name}"] = folder / name
        path.write_bytes(content)
    return files


def _store(store: ArtifactStore, taken: Taken, watch: Watch, files: dict[str, Path]) -> list[StoredArray]:
    stored = []
    for number, (name, path) in enumerate(files.items()):
        watch.tell(CheckPhase.STORING, fraction=number / len(files))
        written = store.put_file(f"{taken.id}/{taken.attempt}/{path.name}", path)
        stored.append(StoredArray(name=name, **vars(written)))
    return stored


def _keep(settings: Settings, assembled: Assembled) -> None:
    """Have the decoded arrays where trainings of this machine look for them."""
    folder = content_folder(assembled.digest, settings.datasets_dir)
    with one_process_at_a_time(folder.with_name(f".{folder.name}.lock")):
        if decoded.read(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)  # damaged
            publish(assembled.folder, folder)
