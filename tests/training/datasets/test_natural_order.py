import random

from normlab.training.datasets.readers.natural_order import natural_key


def test_numbers_are_sorted_by_their_value_wherever_they_stand():
    expected = ["1", "01", "2", "10", "9" * 40, "a", "a1b2", "a1b10", "a2", "a10", "b"]
    shuffled = random.Random(0).sample(expected, len(expected))
    assert sorted(shuffled, key=natural_key) == ["01", *[each for each in expected if each != "01"]]
