"""Tables as Markdown."""

from maliang_video.training.markdown import markdown


def test_a_head_a_rule_and_rows():
    assert markdown(("a", "b"), [("1", "2"), ("3", "4")]) == "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |"
