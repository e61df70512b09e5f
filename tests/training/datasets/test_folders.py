"""Archives of pictures in folders: how they are understood, and what is refused."""

import json
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from normlab.errors import DatasetError
from normlab.training.datasets.readers.archived import open_file
from normlab.training.datasets.readers.base import ReadingLimits, ReadingOptions, Split
from normlab.training.datasets.readers.detect import open_reader
from support.pictures import encoded, random_pixels, tarred, zipped

FILES = {
    f"{split}/{name}/{number}.png": encoded(random_pixels(number))
    for number, (split, name) in enumerate(
        [("train", "10"), ("train", "2"), ("train", "10"), ("valid", "2"), ("test", "10"), ("test", "2")]
        + [("train", "2")] * 6
    )
}


def read(path, **options):
    """All samples, and the reader."""
    reader = open_reader(path, ReadingOptions(**options))
    return list(reader.chunks()), reader


def samples(path, **options):
    """(origin, class, split) of each sample in order, and its pixels."""
    chunks, reader = read(path, **options)
    rows = [
        (origin, reader.classes()[label], chunk.split)
        for chunk in chunks
        for origin, label in zip(chunk.origins, chunk.y, strict=True)
    ]
    return rows, np.concatenate([chunk.x for chunk in chunks])


def codes(reader):
    return {notice.code: notice for notice in reader.notices}


def a_zip(tmp_path, files):
    return zipped(tmp_path / "data.zip", files)


@pytest.mark.parametrize(
    "pack",
    [
        lambda folder, files: zipped(folder / "a.dat", files),
        lambda folder, files: zipped(folder / "a.dat", files, zipfile.ZIP_STORED),
        lambda folder, files: tarred(folder / "a.dat", files),
        lambda folder, files: tarred(folder / "a.dat", files, "w:gz"),
        lambda folder, files: tarred(folder / "a.dat", files, "w:xz"),
        lambda folder, files: zipped(
            folder / "a.dat", {f"outer/more/{name}": data for name, data in files.items()}
        ),
        lambda folder, files: zipped(
            folder / "a.dat", {name.replace("/", "\\"): data for name, data in files.items()}
        ),
        lambda folder, files: tarred(folder / "a.dat", {f"./{name}": data for name, data in files.items()}),
    ],
)
def test_pictures_come_part_by_part_in_natural_order_of_their_names(tmp_path, pack):
    rows, pixels = samples(pack(tmp_path, dict(reversed(FILES.items()))))
    order = [0, 1, 2, 6, 7, 8, 9, 10, 11, 3, 4, 5]
    assert [int(origin.rsplit("/", 1)[-1].removesuffix(".png")) for origin, _, _ in rows] == order
    np.testing.assert_array_equal(pixels, [random_pixels(number) for number in order])
    splits = {"train": Split.TRAINING, "valid": Split.VALIDATION, "test": Split.TEST}
    assert all(
        (splits[origin.split("/")[-3]], origin.split("/")[-2]) == (split, name)
        for origin, name, split in rows
    )


def test_classes_are_in_natural_order_and_without_parts_there_are_none(tmp_path):
    files = {
        f"{name}/{number}/x.png": encoded(random_pixels(number))
        for number, name in enumerate(["b10", "b9", "a"])
    }
    rows, _ = samples(a_zip(tmp_path, files))
    _, reader = read(a_zip(tmp_path, files))
    assert reader.classes() == ["a", "b9", "b10"]
    assert {split for _, _, split in rows} == {None}


def test_parts_below_classes_are_understood(tmp_path):
    files = {f"{name}/{part}/1.png": encoded(random_pixels(1)) for name in "ab" for part in ("Train", "TEST")}
    rows, _ = samples(a_zip(tmp_path, files))
    assert [(name, split) for _, name, split in rows] == [
        ("a", Split.TRAINING),
        ("b", Split.TRAINING),
        ("a", Split.TEST),
        ("b", Split.TEST),
    ]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_hugging_faces_table_gives_the_labels(tmp_path, ending):
    rows = [
        {"file_name": f"x/{number}.png", "label": label, "who": "me"} for number, label in enumerate("cab")
    ]
    if ending == "csv":
        table = "\ufefffile_name,label,who\r\n" + "".join(
            "{file_name},{label},{who}\r\n".format(**row) for row in rows
        )
    else:
        table = "".join(json.dumps(row) + "\n" for row in rows)
    files = {f"{part}/x/{n}.png": encoded(random_pixels(n)) for part in ("train", "test") for n in range(3)}
    tables = {f"{part}/metadata.{ending}": table.encode() for part in ("train", "test")}
    found, _ = samples(a_zip(tmp_path, files | tables))
    assert [(origin, name) for origin, name, _ in found[:3]] == [
        ("train/x/0.png", "c"),
        ("train/x/1.png", "a"),
        ("train/x/2.png", "b"),
    ]
    chunks, _ = read(a_zip(tmp_path, files | tables), group_column="who")
    assert chunks[0].groups == ["me"] * 3
    with pytest.raises(DatasetError, match=r"test/x/3\.png is in no row"):
        read(a_zip(tmp_path, files | tables | {"test/x/3.png": encoded(random_pixels(3))}))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("name,label\n1.png,a\n", "no file_name"),
        ("file_name,kind\n1.png,a\n", "label_column"),
        ("file_name,label\n1.png,a\n1.png,b\n", "line 3"),
        ("file_name,label\n1.png,\n", "line 2 needs a text"),
        ('file_name,label\n"1.png,a\n', "line"),
    ],
)
def test_a_table_that_is_wrong_says_where(tmp_path, table, says):
    with pytest.raises(DatasetError, match=says):
        read(a_zip(tmp_path, {"1.png": encoded(random_pixels(1)), "metadata.csv": table.encode()}))


def test_what_systems_leave_behind_is_ignored_and_other_files_are_told(tmp_path):
    junk = {"__MACOSX/train/2/._0.png": b"x", "train/.DS_Store": b"x", "train/2/Thumbs.db": b"x"}
    rows, _ = samples(a_zip(tmp_path, FILES | junk | {"README.txt": b"hello"}))
    _, reader = read(a_zip(tmp_path, FILES | junk | {"README.txt": b"hello"}))
    assert len(rows) == len(FILES)
    assert {code: notice.examples for code, notice in codes(reader).items()} == {
        "other_files": ("README.txt",)
    }


def test_files_that_cannot_be_read_are_left_out_named_and_counted_up_to_the_limit(tmp_path):
    bad = {
        "train/2/bad.png": encoded(random_pixels(1))[:60],
        "train/2/empty.png": b"",
        "train/2/text.jpg": b"hello",
    }
    path = a_zip(tmp_path, FILES | bad)
    rows, _ = samples(path)
    assert len(rows) == len(FILES)
    _, reader = read(path)
    notice = codes(reader)["unreadable_file"]
    assert notice.count == 3
    assert set(notice.examples) == set(bad)
    with pytest.raises(DatasetError, match=r"More than 2 files \(max_unreadable\).*empty\.png: it is empty"):
        read(path, limits=ReadingLimits(max_unreadable=2))


def test_sizes_that_differ_are_named_unless_a_size_is_given(tmp_path):
    path = a_zip(tmp_path, FILES | {"train/2/long.png": encoded(random_pixels(1, (9, 5)))})
    with pytest.raises(
        DatasetError, match=r"2 sizes \(6 by 5: 12 pictures such as .*; 9 by 5: 1 picture .*image_size"
    ):
        read(path)
    _, pixels = samples(path, image_size=(4, 4))
    assert pixels.shape == (13, 4, 4)


def test_grey_among_colours_gets_three_equal_ones(tmp_path):
    path = a_zip(
        tmp_path, {"a/1.png": encoded(random_pixels(1)), "b/2.png": encoded(random_pixels(2, (6, 5, 3)))}
    )
    _, pixels = samples(path)
    np.testing.assert_array_equal(pixels[0], np.repeat(random_pixels(1)[..., np.newaxis], 3, axis=2))
    np.testing.assert_array_equal(pixels[1], random_pixels(2, (6, 5, 3)))
    _, reader = read(path)
    assert codes(reader)["grey_among_colours"].count == 1


@pytest.mark.parametrize(
    ("bright", "shift", "code"), [(40_000, 8, "sixteen_bits"), (255, 0, "eight_of_sixteen_bits")]
)
def test_values_of_16_bits_are_moved_alike_in_all_pictures(tmp_path, bright, shift, code):
    dark = np.full((2, 2), 200, np.uint16)
    path = a_zip(tmp_path, {"a/1.png": encoded(dark), "b/2.png": encoded(np.full((2, 2), bright, np.uint16))})
    _, pixels = samples(path)
    np.testing.assert_array_equal(pixels[:, 0, 0], [200 >> shift, bright >> shift])
    _, reader = read(path)
    assert codes(reader)[code].count == 2


def test_a_class_without_pictures_is_told(tmp_path):
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
        archive.mkdir("train/7")
    _, reader = read(path)
    assert codes(reader)["empty_class"].examples == ("train/7",)


def test_another_archive_or_file_is_left_to_other_readers(tmp_path):
    assert open_file(a_zip(tmp_path, {"train.csv": b"a"}), ReadingOptions()) is None
    text = tmp_path / "text.zip"
    text.write_bytes(b"label,pixel0\n" * 100)
    assert open_file(text, ReadingOptions()) is None
    assert open_file(tarred(tmp_path / "empty.tar", {}), ReadingOptions()) is None


@pytest.mark.parametrize(
    "name", ["../out.png", "/etc/x.png", "a/../../x.png", "C:\\x.png", "a\\..\\..\\x.png"]
)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, pack, name):
    with pytest.raises(DatasetError, match="leaves the archive's folder"):
        read(pack(tmp_path / "a", FILES | {name: encoded(random_pixels(1))}))


def test_links_are_refused(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("train/2/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "0.png"
        archive.addfile(link)
    with pytest.raises(DatasetError, match=r"link\.png is a link"):
        read(path)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("train/2/link.png")
        entry.create_system, entry.external_attr = 3, 0o120777 << 16
        archive.writestr(entry, "0.png")
    with pytest.raises(DatasetError, match=r"link\.png is a link"):
        read(path)


def test_nested_archives_encryption_and_rare_compression_are_refused(tmp_path):
    inner = a_zip(tmp_path, {"x.png": b"1"}).read_bytes()
    with pytest.raises(DatasetError, match=r"inner\.zip is an archive in the archive"):
        read(zipped(tmp_path / "a.zip", FILES | {"train/inner.zip": inner}))
    with pytest.raises(DatasetError, match="rare way"):
        read(zipped(tmp_path / "b.zip", FILES, zipfile.ZIP_LZMA))
    path = zipped(tmp_path / "c.zip", {"a/1.png": encoded(random_pixels(1))})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag that says it is encrypted
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=r"1\.png is encrypted"):
        read(path)


def test_one_name_twice_and_shared_bytes_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/1.png", encoded(random_pixels(1)))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a/1.png", encoded(random_pixels(2)))
    with pytest.raises(DatasetError, match="twice"):
        read(path)
    path = zipped(
        tmp_path / "b.zip", {"a/1.png": encoded(random_pixels(1)), "a/2.png": encoded(random_pixels(2))}
    )
    data = bytearray(path.read_bytes())
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = bytes(4)  # where its content is: at the first one's place
    path.write_bytes(data)
    with pytest.raises(DatasetError, match="shares bytes"):
        read(path)


def test_what_becomes_too_large_is_refused(tmp_path, monkeypatch):
    flat = {f"a/{number}.bmp": encoded(np.zeros((40, 40), np.uint8), "BMP") for number in range(3)}
    path = a_zip(tmp_path, flat)
    with pytest.raises(DatasetError, match=r"max_decoded_bytes"):
        read(path, limits=ReadingLimits(max_decoded_bytes=5000))
    monkeypatch.setattr("normlab.training.datasets.readers.archive_members.RATIO_FROM", 100)
    monkeypatch.setattr("normlab.training.datasets.readers.archive_members.MAX_RATIO", 1)
    with pytest.raises(DatasetError, match=r"times as large .*\(MAX_RATIO\)"):
        read(path)
    with pytest.raises(DatasetError, match=r"times as large .*\(MAX_RATIO\)"):
        read(tarred(tmp_path / "a.tgz", flat, "w:gz"))
    monkeypatch.setattr("normlab.training.datasets.readers.folders.MAX_FILE_BYTES", 1000)
    with pytest.raises(DatasetError, match=r"0\.bmp: it has 2678 bytes, more than 1000"):
        read(tarred(tmp_path / "b.tar", flat))
    monkeypatch.undo()
    with pytest.raises(DatasetError, match="max_values_per_sample"):
        read(tarred(tmp_path / "a.tar", flat), limits=ReadingLimits(max_values_per_sample=1599))


@pytest.mark.parametrize(
    ("limits", "says"),
    [(ReadingLimits(max_classes=2), "3 classes"), (ReadingLimits(max_samples=11), "max_samples")],
)
def test_too_many_classes_or_samples_are_refused(tmp_path, limits, says):
    with pytest.raises(DatasetError, match=says):
        read(a_zip(tmp_path, FILES | {"train/3/12.png": encoded(random_pixels(12))}), limits=limits)


@pytest.mark.parametrize("pack", ["zip", "tar", "tgz"])
def test_an_archive_that_is_cut_short_says_so(tmp_path, pack):
    whole = {
        "zip": lambda: zipped(tmp_path / "a", FILES),
        "tar": lambda: tarred(tmp_path / "a", FILES),
        "tgz": lambda: tarred(tmp_path / "a", FILES, "w:gz"),
    }[pack]()
    data = whole.read_bytes()
    (tmp_path / "b").write_bytes(data[: len(data) // 2])
    with pytest.raises(DatasetError, match=r"cut short|cut off"):
        read(tmp_path / "b")


def test_a_member_that_is_damaged_says_which(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a/1.png": encoded(random_pixels(1))}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[90] ^= 255
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=r"a/1\.png in a\.zip is damaged"):
        read(path)


def test_pictures_in_no_folder_and_mixed_parts_are_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"loose\.png is in no folder.*metadata\.csv"):
        read(a_zip(tmp_path, {"loose.png": encoded(random_pixels(1))}))
    with pytest.raises(DatasetError, match=r"extra/1\.png is in no part"):
        read(a_zip(tmp_path, FILES | {"extra/1.png": encoded(random_pixels(1))}))


def test_long_headers_are_read_to_their_end(tmp_path):
    """A JPEG's size may stand behind more than 64 KiB of notes."""
    image = Image.fromarray(random_pixels(1, (8, 8, 3)))
    data = encoded(image, "JPEG", icc_profile=bytes(150_000))
    _, pixels = samples(a_zip(tmp_path, {"a/1.jpg": data}))
    assert pixels.shape == (1, 8, 8, 3)
